"""Pictures as files."""

from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest

from leitmotif_services.evaluation.reports.matplotlib_charts import png, svg
from leitmotif_services.evaluation.reports.report import pictures_of
from tests.unit.evaluation.reports.sample_results import DISTANCES, analysed, compared


def size_of(image: bytes) -> tuple[int, int]:
    """Of a PNG, by its header."""
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(image[16:20], "big"), int.from_bytes(image[20:24], "big")


def test_all_pictures_stand_in_one_file_one_below_the_other():
    (width, one), (same_width, all_five) = (size_of(png(pictures_of(each))) for each in (DISTANCES, compared()))
    assert width == same_width == 1216
    assert all_five > 4 * one


def test_the_same_pictures_give_the_same_bytes():
    assert png(pictures_of(DISTANCES)) == png(pictures_of(DISTANCES))


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        png([])


def test_drawing_in_threads_gives_the_same_and_leaves_no_setting_behind():
    pictures = pictures_of(analysed())
    before = dict(mpl.rcParams)
    alone = [svg(each) for each in pictures]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(svg, pictures)) == alone
    assert dict(mpl.rcParams) == before


def test_a_picture_takes_the_colours_of_the_page():
    drawn = svg(pictures_of(analysed())[1])
    assert "fill-better" in drawn
    assert "stroke-worse" in drawn
    assert "style=" not in drawn
    assert "font-family" not in drawn
