"""Clusters that are there are found; too little music is no failure."""

import numpy as np
import pytest

from leitmotif_services.workshop.discovery import discover, spherical_kmeans


def blobs(sizes, seed=0, spread=0.05):
    rng = np.random.default_rng(seed)
    centres = np.eye(8)[: len(sizes)] + 2.0  # a large common part, as embeddings of music have
    rows = np.concatenate([centre + spread * rng.standard_normal((size, 8)) for centre, size in zip(centres, sizes, strict=True)])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), np.repeat(np.arange(len(sizes)), sizes)


def test_separate_groups_are_found_largest_first():
    rows, truth = blobs([30, 20, 10])
    clusters = spherical_kmeans(rows, 3, seed=0)
    assert clusters.membership.tolist() == truth.tolist()
    assert np.allclose(np.linalg.norm(clusters.centres, axis=1), 1.0)


def test_heads_tell_members_from_the_others():
    rows, truth = blobs([30, 20, 10])
    affinities = discover(rows, 3, seed=0).affinities(rows)
    assert affinities.argmax(axis=1).tolist() == truth.tolist()
    assert affinities[np.arange(60), truth].min() > 0.5 > np.sort(affinities, axis=1)[:, -2].max()


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_as_many_clusters_as_there_are_rows_at_most(rows):
    embeddings, _ = blobs([rows], spread=0.5)
    clusters = spherical_kmeans(embeddings, 4, seed=0)
    assert len(clusters.centres) == min(4, rows)
    assert sorted(set(clusters.membership.tolist())) == list(range(min(4, rows)))
    assert np.isfinite(discover(embeddings, 4, seed=0).affinities(embeddings)).all()


def test_equal_rows_are_one_cluster():
    rows = np.tile(blobs([1])[0], (9, 1))
    assert len(spherical_kmeans(rows, 4, seed=0).centres) == 1


def test_the_seed_decides():
    rows, _ = blobs([9, 9, 9], spread=0.8)
    one, again = (spherical_kmeans(rows, 5, seed=3) for _ in range(2))
    assert np.array_equal(one.centres, again.centres)
    assert np.array_equal(one.membership, again.membership)
