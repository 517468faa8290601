import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.audio.embedding import Segment
from leitmotif_services.audio.segmentation import FrameGrid, Segmentation, audible

TEN_BY_FIVE = Segmentation(segment_s=10.0, hop_s=5.0, shortest_tail_s=1.0)


@pytest.mark.parametrize(
    ("duration_s", "expected"),
    [
        (1.0, [(0, 1)]),
        (9.9, [(0, 9.9)]),
        (10.0, [(0, 10)]),
        (10.9, [(0, 10)]),
        (11.0, [(0, 10), (5, 6)]),
        (14.9, [(0, 10), (5, 9.9)]),
        (15.0, [(0, 10), (5, 10)]),
        (22.5, [(0, 10), (5, 10), (10, 10), (15, 7.5)]),
    ],
)
def test_by_hand(duration_s, expected):
    segments = TEN_BY_FIVE.cut(duration_s)
    assert [(s.start_s, round(s.duration_s, 9)) for s in segments] == expected


@given(
    duration_s=st.floats(1.0, 2000.0),
    segment_s=st.floats(1.0, 60.0),
    hop=st.floats(0.1, 1.0),
    tail_s=st.floats(0.1, 5.0),
)
def test_segments_cover_the_track_but_for_a_short_tail(duration_s, segment_s, hop, tail_s):
    hop_s = max(0.1, hop * segment_s)
    segments = Segmentation(segment_s, hop_s, tail_s).cut(duration_s)
    assert segments[0].start_s == 0.0
    assert all(0 < s.duration_s <= segment_s for s in segments)
    ends = [s.start_s + s.duration_s for s in segments]
    assert all(nxt.start_s <= end + 1e-9 for end, nxt in zip(ends, segments[1:], strict=False))
    assert duration_s - tail_s - 1e-6 <= ends[-1] <= duration_s + 1e-6


def test_frames_lie_within_their_segment():
    grid = FrameGrid(sample_rate_hz=100, frame_samples=20, hop_samples=10)
    # 2 s of 100 Hz are 200 samples: frames start at 0, 10, … 180. From 0.5 to 1.5 s: the frames that start at 50 to 130.
    assert grid.ranges((Segment(0.5, 1.0),), frames=19) == [slice(5, 14)]
    assert grid.ranges((Segment(1.5, 0.5),), frames=19) == [slice(15, 19)]


def test_segments_of_one_length_have_as_many_frames():
    grid = FrameGrid(22_050, 2048, 512)
    ranges = grid.ranges(TEN_BY_FIVE.cut(600.0), frames=1 + (600 * 22_050 - 2048) // 512)
    assert len({part.stop - part.start for part in ranges}) == 1


def test_silent_segments_are_left_out_and_the_loudest_stays():
    grid = FrameGrid(100, 20, 10)
    segments = (Segment(0.0, 1.0), Segment(1.0, 1.0))
    power = np.full(19, 1.0, np.float32)
    assert audible(segments, power, grid) == segments
    power[10:] = 1e-7
    assert audible(segments, power, grid) == segments[:1]
    assert audible(segments, np.zeros(19, np.float32), grid) == segments


@pytest.mark.parametrize("values", [(0.5, 0.5, 1.0), (10.0, 11.0, 1.0), (10.0, 0.0, 1.0), (10.0, 5.0, 0.0)])
def test_impossible_values_are_refused(values):
    with pytest.raises(ValueError, match="segments must"):
        Segmentation(*values)
