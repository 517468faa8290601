import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leitmotif_services.evaluation.scoring.perplexity import evaluate_perplexity
from leitmotif_services.evaluation.scoring.scoring_settings import ScoringSettings
from leitmotif_services.evaluation.scoring.windows import window_batches, windows
from tests.unit.evaluation.sample_language_models import UniformModel

contexts_and_strides = st.integers(1, 40).flatmap(lambda context: st.tuples(st.just(context), st.integers(1, context)))


@given(st.integers(0, 300), contexts_and_strides, st.booleans())
def test_each_prediction_is_scored_exactly_once_with_all_the_context_the_stride_leaves(
    predictions: int, sizes: tuple[int, int], full_last: bool
) -> None:
    context, stride = sizes
    scored: list[int] = []
    for window in windows(predictions, context=context, stride=stride, full_last=full_last):
        assert 1 <= window.length <= context
        assert 0 <= window.scored_from < window.length
        if window.start and full_last and window.start + window.length == predictions:
            assert window.length == context
            assert window.scored_from >= context - stride
        else:
            assert window.start == 0 or window.scored_from == context - stride
        scored += range(window.start + window.scored_from, window.start + window.length)
    assert scored == list(range(predictions))


@given(st.integers(2, 200), contexts_and_strides, st.integers(1, 9))
def test_batches_hold_the_same_pairs_whatever_their_size(tokens: int, sizes: tuple[int, int], batch_size: int) -> None:
    context, stride = sizes
    shuffled = np.random.default_rng(tokens).permutation(tokens)
    sequences = [part for part in np.array_split(shuffled, max(1, tokens // 50)) if len(part) >= 2]
    expected = [pair for part in sequences for pair in zip(part[:-1].tolist(), part[1:].tolist(), strict=True)]
    found: dict[int, tuple[int, int]] = {}
    for placed in window_batches(sequences, context=context, stride=stride, batch_size=batch_size):
        batch = placed.windows
        assert len(batch.input_ids) <= batch_size
        pairs = zip(batch.input_ids[batch.scored].tolist(), batch.target_ids[batch.scored].tolist(), strict=True)
        for place, pair in zip(placed.places.tolist(), pairs, strict=True):
            assert place not in found
            found[place] = pair
    assert [found[place] for place in range(len(expected))] == expected


@given(st.integers(2, 200), contexts_and_strides, st.integers(1, 9), st.booleans())
def test_every_token_counts_once(length: int, sizes: tuple[int, int], batch_size: int, bos: bool) -> None:
    context, stride = sizes
    model = UniformModel(context_length=40, bos_token_id=0 if bos else None)
    result = evaluate_perplexity(model, "a" * length, ScoringSettings(context, stride, batch_size=batch_size))
    assert result.tokens == length - (not bos)
