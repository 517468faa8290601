import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leitmotif_services.evaluation.models.torch_token_nll import TiledTokenNll, full_token_nll


@settings(max_examples=30, deadline=None)
@given(
    positions=st.sampled_from([1, 2, 50, 1024, 1025, 2100]),
    vocabulary=st.sampled_from([1, 2, 1000, 4096, 4097, 9000]),
    scale=st.sampled_from([0.0, 1.0, 30.0]),
    bias=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_tiles_give_what_the_full_logits_give(positions: int, vocabulary: int, scale: float, bias: bool, seed: int) -> None:
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(seed)
    hidden = torch.randn(positions, 6, generator=random) * scale
    weight = torch.randn(vocabulary, 6, generator=random)
    shift = torch.randn(vocabulary, generator=random) if bias else None
    targets = torch.randint(vocabulary, (positions,), generator=random)
    with torch.inference_mode():
        tiled = TiledTokenNll(weight, shift)(hidden, targets)
        logits = hidden.double() @ weight.double().T + (0 if shift is None else shift.double())
        exact = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        torch.testing.assert_close(tiled.double(), exact, rtol=1e-5, atol=1e-4)
        torch.testing.assert_close(tiled, full_token_nll(logits.float(), targets), rtol=1e-4, atol=1e-4)
