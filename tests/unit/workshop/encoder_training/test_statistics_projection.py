import numpy as np
import pytest

from leitmotif_services.workshop.encoder_training.corpus import Piece
from leitmotif_services.workshop.encoder_training.encoder_graph import squashed
from leitmotif_services.workshop.encoder_training.recipe import ProjectionRecipe
from leitmotif_services.workshop.encoder_training.statistics_projection import fit_projection

LOUDNESS = np.zeros((2, 1, 1), np.float16)


@pytest.fixture(scope="module")
def pieces():
    """Statistic 0 tells pieces apart, 1 changes with production alone, 2 is constant, 3 is noise from segment to segment."""
    rng = np.random.default_rng(0)
    found = []
    for index in range(60):
        place = rng.normal()
        whole = np.column_stack([np.full(3, place), np.zeros(3), np.full(3, 7.0), rng.normal(size=3)])
        varied = np.column_stack([np.full(4, place), rng.normal(size=4), np.full(4, 7.0), rng.normal(size=4)])
        whole[:, 1] += 0.01 * rng.normal()
        found.append(Piece(f"kind/{index % 2}", str(index), {}, LOUDNESS, whole, varied))
    return found


def fitted(pieces, **changes):
    recipe = ProjectionRecipe(**({"dimension": 4, "ridge": 0.01, "kind_share": 0.0, "emphasis": 0.0} | changes))
    return fit_projection(pieces, [3, 1], recipe)


def reach(projection, statistic):
    """How far the embedding moves when one statistic moves from one deviation below the mean to one above."""
    low, high = projection.mean.copy(), projection.mean.copy()
    low[statistic] -= projection.scale[statistic]
    high[statistic] += projection.scale[statistic]
    moved = squashed(np.stack([high, low]), projection.mean, projection.scale) @ projection.matrix
    return float(np.linalg.norm(moved[0] - moved[1]))


def test_what_tells_pieces_apart_counts_for_more_than_what_a_production_changes(pieces):
    projection = fitted(pieces)
    assert reach(projection, 0) > 3.0 * reach(projection, 1)
    assert reach(projection, 0) > 3.0 * reach(projection, 3)


def test_a_constant_statistic_is_not_blown_up(pieces):
    projection = fitted(pieces)
    assert projection.scale[2] == 1.0
    assert np.isfinite(projection.matrix).all()


def test_emphasis_favours_the_strongest_direction(pieces):
    ratios = [
        reach(fitted(pieces, emphasis=emphasis), 0) / reach(fitted(pieces, emphasis=emphasis), 3) for emphasis in (-0.5, 0.0, 0.5)
    ]
    assert ratios[0] < ratios[1] < ratios[2]


def test_fewer_dimensions_keep_the_strongest(pieces):
    assert fitted(pieces, dimension=1).matrix.shape == (4, 1)
    assert reach(fitted(pieces, dimension=1), 0) > 0.9 * reach(fitted(pieces), 0)
