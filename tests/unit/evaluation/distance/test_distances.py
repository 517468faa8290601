import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from sklearn.covariance import ledoit_wolf

from leitmotif_services.evaluation.distance.distances import DistanceSettings, distances
from leitmotif_services.evaluation.distance.embedding_measures import (
    frechet,
    gaussian_frechet,
    l2,
    mmd2,
    rbf_kernel,
    shrunk_covariance,
)
from leitmotif_services.evaluation.distance.passages import drawn, passages_of
from leitmotif_services.evaluation.distance.word_measure import jensen_shannon, jsd
from leitmotif_services.runtime.errors import ServiceError

FIRST, SECOND = np.array([0, 1]), np.array([2, 3])
TEXTS = Path(os.environ.get("LEITMOTIF_TEST_DATA", Path(__file__).resolve().parents[4] / "../shared/data")) / "text"


def test_l2_is_between_the_means():
    rows = np.array([[0.0, 0], [0, 2], [3, 0], [3, 10]])
    assert l2(rows)(FIRST, SECOND) == pytest.approx(math.hypot(3, 4))


def test_mmd2_by_hand():
    # Points 0, 1 and 3, 4 on a line: squared distances 1, 9, 16, 4, 9, 1; their median is 6.5.
    rows = np.array([[0.0], [1], [3], [4]])
    near, middle, far, four = (math.exp(-square / 13) for square in (1, 9, 16, 4))
    expected = near + near - 2 * (middle + far + four + middle) / 4
    assert mmd2(rows)(FIRST, SECOND) == pytest.approx(expected)


def test_mmd2_is_unbiased():
    rng = np.random.default_rng(0)
    values = [mmd2(rng.normal(size=(20, 3)))(np.arange(10), np.arange(10, 20)) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / math.sqrt(400)
    assert min(values) < 0


def test_the_kernel_of_equal_rows_is_one():
    assert rbf_kernel(np.ones((3, 2))).tolist() == np.ones((3, 3)).tolist()


def test_frechet_of_known_normals():
    # In one dimension it is (m1 - m2)^2 + (s1 - s2)^2.
    assert gaussian_frechet(np.array([1.0]), np.array([[4.0]]), np.array([4.0]), np.array([[9.0]])) == pytest.approx(10.0)
    same = np.diag([1.0, 2.0])
    assert gaussian_frechet(np.zeros(2), same, np.zeros(2), same) == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 1000))
def test_frechet_is_that_of_the_matrix_root(seed):
    rng = np.random.default_rng(seed)
    a, b = (each @ each.T for each in rng.normal(size=(2, 4, 4)))
    means = rng.normal(size=(2, 4))
    expected = ((means[0] - means[1]) ** 2).sum() + np.trace(a + b - 2 * np.real(sqrtm(a @ b)))
    assert gaussian_frechet(means[0], a, means[1], b) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_frechet_loses_nothing_by_its_rotation():
    rows = np.random.default_rng(1).normal(size=(30, 5)) + 7.0
    first, second = np.arange(12), np.arange(12, 30)
    plain = gaussian_frechet(
        rows[first].mean(0), shrunk_covariance(rows[first]), rows[second].mean(0), shrunk_covariance(rows[second])
    )
    assert frechet(rows)(first, second) == pytest.approx(plain)


def test_shrinkage_is_that_of_ledoit_and_wolf():
    rows = np.random.default_rng(2).normal(size=(15, 8)) * np.arange(1, 9)
    expected, _ = ledoit_wolf(rows)
    assert shrunk_covariance(rows) == pytest.approx(expected)
    assert shrunk_covariance(np.ones((4, 2))).tolist() == [[0, 0], [0, 0]]


def test_jensen_shannon_by_hand():
    assert jensen_shannon(np.array([1.0, 0]), np.array([0.0, 1])) == pytest.approx(1.0)
    assert jensen_shannon(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0.0
    # p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4).
    expected = (math.log2(4 / 3) + 0.5 * math.log2(2 / 3) + 0.5 * math.log2(2)) / 2
    assert jensen_shannon(np.array([1.0, 0]), np.array([0.5, 0.5])) == pytest.approx(expected)


def test_words_of_passages_are_counted_together():
    measure = jsd(["a A", "b", "a", "a b"])
    assert measure(np.array([0]), np.array([1])) == pytest.approx(1.0)
    assert measure(np.array([0]), np.array([2])) == 0.0
    assert measure(np.array([0, 1]), np.array([3])) == pytest.approx(jensen_shannon(np.array([2, 1]) / 3, np.array([0.5, 0.5])))
    assert jsd(["1 2", "a"])(np.array([0]), np.array([1])) == 0.0


def test_passages_stay_within_documents():
    assert passages_of(["a b c d e f g", "h i", ""], words=3) == ["a b c", "d e f g", "h i"]
    assert passages_of(["a b c d e"], words=3) == ["a b c", "d e"]
    assert passages_of(["a  b\nc"], words=3) == ["a b c"]
    assert drawn(list("abcdef"), 3, np.random.default_rng(0)) == sorted(drawn(list("abcdef"), 3, np.random.default_rng(0)))
    assert drawn(list("ab"), 3, np.random.default_rng(0)) == ["a", "b"]


def words(rng, vocabulary, count):
    return [" ".join(rng.choice(vocabulary, 40)) for _ in range(count)]


def embedded(passages):
    """Letters counted: a plain embedding whose differences can be seen."""
    return np.array([[passage.count(letter) for letter in "abcdefghij"] for passage in passages], np.float32)


def test_the_null_is_centred_and_what_is_far_stands_out(record_property):
    rng = np.random.default_rng(0)
    settings = DistanceSettings(null_samples=100)
    zs: dict[str, list[float]] = {}
    for seed in range(30):
        vocabulary = list("abcdefghij")
        same, reference = words(rng, vocabulary, 40), words(rng, vocabulary, 80)
        for each in distances(same, reference, embedded, DistanceSettings(null_samples=100, seed=seed)):
            zs.setdefault(each.name, []).append(each.z)
    for name, values in zs.items():
        record_property(f"null_z_{name}", float(np.mean(values)))
        print(f"z of {name} where nothing differs: mean {np.mean(values):+.2f}, sd {np.std(values):.2f}")
        assert abs(np.mean(values)) < 0.6
    far = distances(words(rng, list("abcde"), 40), words(rng, list("abcdefghij"), 80), embedded, settings)
    assert [each.name for each in far] == ["l2", "mmd2", "frechet", "jsd"]
    assert all(each.z > 5 for each in far)


def test_without_embeddings_there_is_the_measure_of_words():
    (only,) = distances(["a b", "c d"], ["a b", "c d", "a d", "b c"], None, DistanceSettings(null_samples=5))
    assert only.name == "jsd"


def test_too_little_text_is_told():
    with pytest.raises(ServiceError, match="the reference has 3 passages"):
        distances(["a", "b"], ["a", "b", "c"], None, DistanceSettings())
    with pytest.raises(ServiceError, match="the domain has 1 passages"):
        distances(["a"], ["a", "b", "c", "d"], None, DistanceSettings())


def test_the_same_seed_gives_the_same_figures():
    rng = np.random.default_rng(3)
    domain, reference = words(rng, list("abc"), 10), words(rng, list("bcd"), 20)
    again = [distances(domain, reference, embedded, DistanceSettings(null_samples=20, seed=4)) for _ in range(2)]
    assert again[0] == again[1]


def test_equal_sets_have_no_spread():
    (only,) = distances(["a"] * 4, ["a"] * 8, None, DistanceSettings(null_samples=5))
    assert (only.value, only.null_sd, only.z) == (0.0, 0.0, 0.0)
    (only,) = distances(["b"] * 4, ["a"] * 8, None, DistanceSettings(null_samples=5))
    assert only.z == math.inf


@pytest.mark.skipif(not TEXTS.is_dir(), reason=f"no texts at {TEXTS}; LEITMOTIF_TEST_DATA names the folder")
def test_near_pairs_of_real_texts_are_nearer_than_far_ones():
    def read(name):
        return passages_of([(TEXTS / f"{name}.txt").read_text(encoding="utf-8")[:300_000]], words=100)

    def trigrams(passages):
        rows = np.zeros((len(passages), 256), np.float32)
        for row, passage in zip(rows, passages, strict=True):
            for start in range(len(passage) - 2):
                row[(ord(passage[start]) * 961 + ord(passage[start + 1]) * 31 + ord(passage[start + 2])) % 256] += 1
        return rows / rows.sum(axis=1, keepdims=True)

    settings = DistanceSettings(null_samples=20)
    for near, reference in (("politics_inaugural", "politics_sotu"), ("wiki_music", "wiki_general")):
        reference_passages = read(reference)
        found = {each.name: each.value for each in distances(read(near), reference_passages, trigrams, settings)}
        for far in ("shakespeare", "bible_kjv_genesis", "product_reviews"):
            other = {each.name: each.value for each in distances(read(far), reference_passages, trigrams, settings)}
            assert all(found[name] < other[name] for name in found), (near, reference, far, found, other)
