"""The registry: names, and modules that are loaded only when asked for."""

import subprocess
import sys

import pytest

from leitmotif_services.workshop.recommenders import registry


@pytest.mark.parametrize("name", registry.NAMES)
def test_each_recommender_bears_its_name(name):
    recommender = registry.load(name)
    assert recommender.name == name
    assert recommender.source
    assert all(values for values in recommender.space.choices.values())


@pytest.mark.parametrize("name", list(registry.SWEPT))
def test_what_is_swept_can_be_set(name):
    choices = registry.load(name).space.choices
    assert all(len(choices[setting]) > 2 for setting in registry.SWEPT[name])


def test_names_are_chosen():
    assert registry.chosen([]) == registry.NAMES
    assert registry.chosen(["ease", "apn", "ease"]) == ("ease", "apn")
    with pytest.raises(registry.UnknownRecommenderError, match="mult-vae"):
        registry.chosen(["multvae"])


def test_nothing_is_loaded_before_it_is_asked_for():
    code = """
import sys
from leitmotif_services.workshop.recommenders import registry
registry.load("popularity")
assert "leitmotif_services.workshop.recommenders.popularity" in sys.modules
assert not {"torch", "implicit", "leitmotif_services.workshop.recommenders.mult_vae"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
