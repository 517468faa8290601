"""Text can be read in light and in dark: contrast of 4.5 or more (WCAG 2.2, success criterion 1.4.3)."""

import re

import pytest

from leitmotif_services.evaluation.reports.page_style import STYLE
from leitmotif_services.evaluation.reports.palette import DARK, LIGHT, TEXT_COLOURS, contrast


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", TEXT_COLOURS)
@pytest.mark.parametrize("ground", ["page", "card", "mark"])
def test_text_stands_out(palette, name, ground):
    assert contrast(palette[name], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_label_of_the_null_stands_out_on_its_band(palette):
    assert contrast(palette["ink"], palette["band"]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_and_marks_stand_out(palette):
    for name in ("better", "worse", "base", "adapted"):
        assert contrast(palette[name], palette["card"]) >= 3.0  # success criterion 1.4.11


def test_words_are_written_in_colours_that_are_tested():
    written = set(re.findall(r"(?<![-\w])color:var\(--(\w+)\)", STYLE))
    assert written <= set(TEXT_COLOURS)
    assert set(LIGHT) == set(DARK)
