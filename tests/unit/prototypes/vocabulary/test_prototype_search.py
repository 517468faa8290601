"""What words find, in which order, and what a direction adds; every figure can be worked out by hand."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from leitmotif_services.prototypes.catalogue import Catalogue
from leitmotif_services.prototypes.model import ServedModel
from leitmotif_services.prototypes.prototype import Exemplar, Prototype
from leitmotif_services.prototypes.track import Track
from leitmotif_services.prototypes.vocabulary import prototype_directions as prototype_directions_module
from leitmotif_services.prototypes.vocabulary.prototype_directions import Directions, prototype_directions
from leitmotif_services.prototypes.vocabulary.prototype_search import (
    PrototypeSearch,
    exemplar_tags,
    meaning_scores,
    prototype_words,
    text_scores,
    words_of,
)
from tests.unit.prototypes.sample_models import by_hand, retitled, served


def named(label: str, description: str = "", prototype_id: str = "p", source: str = "discovered") -> Prototype:
    return Prototype(prototype_id, label, description, source, None, (), 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Müde, SAD", ("mude", "sad")),
        ("Straße d'été", ("strasse", "d", "ete")),
        ("  \t ", ()),
        ("90s-rock!", ("90s", "rock")),
        ("ЁЛКА 雨", ("елка", "雨")),
        ("ﬁne", ("fine",)),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("query", "label", "tags", "description", "score"),
    [
        ("piano", "Piano", (), "", 1.0),
        ("PIÁNO", "piano", (), "", 1.0),
        ("pia", "piano", (), "", 0.7),
        ("piano", "piano sad", (), "", 0.95),
        ("piano sad", "sad, piano", (), "", 1.0),
        ("piano", "keys", ("piano",), "piano", 0.8),
        ("piano", "keys", (), "A piano leads.", 0.5),
        ("piano", "pianos", ("piano",), "", 0.8),
        ("piano drums", "piano", (), "", 0.5),
        ("iano", "piano", (), "", 0.0),
        ("pianos", "piano", (), "", 0.0),
        ("!?", "piano", (), "", 0.0),
    ],
)
def test_text_scores(query: str, label: str, tags: tuple[str, ...], description: str, score: float) -> None:
    assert text_scores(query, [prototype_words(named(label, description), tags)]) == pytest.approx([score])


def test_a_tag_is_found_whatever_it_is_called_now() -> None:
    anchored = prototype_words(named("tasten", prototype_id="grand_piano", source="tag"))
    found = prototype_words(named("tasten", prototype_id="grand_piano"))
    assert text_scores("piano", [anchored, found]) == pytest.approx([0.8, 0.0])


def test_tags_of_exemplars() -> None:
    tracks = [Track(f"t{n}", "", "", 1.0, tags) for n, tags in enumerate([("a", "b"), ("a", "a"), ("b", "c"), ("a",)])]
    exemplars = tuple(Exemplar(track_id, "", "", 0.0, 1.0, 1.0, "") for track_id in ("t0", "t1", "t2", "t3", "gone"))
    prototype = dataclasses.replace(named("x"), exemplars=exemplars)
    assert exemplar_tags(prototype, Catalogue(tracks)) == ["a"]
    assert exemplar_tags(dataclasses.replace(prototype, exemplars=exemplars[:1]), Catalogue(tracks)) == []
    assert exemplar_tags(dataclasses.replace(prototype, exemplars=()), Catalogue(tracks)) == []


def test_meaning_is_the_cosine_and_never_negative() -> None:
    directions = np.array([[1, 0], [0, 1], [-0.6, 0.8], [0, 0]], np.float32)
    assert meaning_scores(np.array([3, 4], np.float32), directions) == pytest.approx([0.6, 0.8, 0.28, 0.0], abs=1e-7)
    assert meaning_scores(np.array([0, -2], np.float32), directions) == pytest.approx([0.0, 0.0, 0.0, 0.0])


def test_directions(tmp_path: Path) -> None:
    """Exemplars of piano are ada and bix, e₁ and e₂; calm has none, so all three tracks stand for it: the catalogue."""
    model = served(by_hand(), tmp_path)
    expected = np.array([1, 1, -2]) / np.sqrt(6)
    np.testing.assert_allclose(prototype_directions(model), [expected, [0, 0, 0]], atol=1e-6)
    kept = Directions()
    assert kept.of(model) is kept.of(dataclasses.replace(model))


def test_directions_that_are_there_do_not_wait_for_those_being_worked_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = served(by_hand(), tmp_path / "a")
    coming = served(retitled(by_hand(), "!"), tmp_path / "b")
    kept, begun, go_on, worked_out = Directions(), threading.Event(), threading.Event(), []
    first = kept.of(there)

    def slowly(model: ServedModel) -> NDArray[np.float32]:
        begun.set()
        assert go_on.wait(20)
        worked_out.append(model.model_version)
        return prototype_directions(model)

    monkeypatch.setattr(prototype_directions_module, "prototype_directions", slowly)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(kept.of, coming) for _ in range(2)]
        assert begun.wait(20)
        assert pool.submit(kept.of, there).result(20) is first
        go_on.set()
        one, other = (future.result(20) for future in waiting)
    assert one is other
    assert worked_out == [coming.model_version]


@pytest.mark.parametrize("rows_at_once", [7, 65_536])
def test_the_top_tracks_stand_where_no_exemplar_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(prototype_directions_module, "_ROWS_AT_ONCE", rows_at_once)
    random = np.random.default_rng(5)
    base = by_hand()
    affinities = random.permutation(np.linspace(0.0, 1.0, 60, dtype=np.float32)).reshape(30, 2)
    embeddings = random.normal(size=(30, 3)).astype(np.float32)
    model = dataclasses.replace(
        base,
        tracks=[Track(f"t{n}", "", "", 1.0, ()) for n in range(30)],
        prototypes=[dataclasses.replace(each, exemplars=(), expressed_rank=3, source="discovered") for each in base.prototypes],
        embeddings=embeddings,
        affinities=affinities,
        responses=np.zeros((30, 2), np.float32),
        bias=np.zeros(30, np.float32),
        snippets={},
    )
    trained = served(model, tmp_path)
    alive = np.ones(30, np.bool_)
    for kept in (None, alive):
        strengths = affinities if kept is None else np.where(kept[:, None], affinities, -1.0)
        expected = [embeddings[np.argsort(-strengths[:, k])[:10]].mean(axis=0) - embeddings.mean(axis=0) for k in range(2)]
        lengths = np.linalg.norm(expected, axis=1)
        found = prototype_directions(dataclasses.replace(trained, alive=kept))
        np.testing.assert_allclose(found, expected / lengths[:, None], atol=1e-5)
        alive[np.argmax(affinities[:, 0])] = False  # the strongest was deleted
    assert not prototype_directions(dataclasses.replace(trained, alive=np.zeros(30, np.bool_))).any()


def test_words_and_meaning_together(tmp_path: Path) -> None:
    model, search = served(by_hand(), tmp_path), PrototypeSearch(Directions())
    assert search.find(model, "piano", None, count=10, show_hidden=False) == [(0, 1.0)]
    assert search.find(model, "slow", None, count=10, show_hidden=False) == [(1, 0.5)]
    towards_piano = np.array([1, 1, -2], np.float32)
    found = search.find(model, "slow", towards_piano, count=10, show_hidden=False)
    assert [position for position, _ in found] == [0, 1]
    assert [score for _, score in found] == pytest.approx([1.0, 0.5])
    assert search.find(model, "slow", -towards_piano, count=10, show_hidden=False) == [(1, 0.5)]
    hidden = dataclasses.replace(model, hidden_prototype_ids=frozenset({"piano"}))
    assert search.find(hidden, "slow", towards_piano, count=10, show_hidden=False) == [(1, 0.5)]
    assert len(search.find(hidden, "slow", towards_piano, count=10, show_hidden=True)) == 2
    assert len(search.find(hidden, "slow", towards_piano, count=1, show_hidden=True)) == 1
