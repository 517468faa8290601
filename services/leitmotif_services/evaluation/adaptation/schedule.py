"""The learning rate of each step: a linear warm-up, then half a cosine down to a tenth.

Cosine: Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts. Down to 10 % rather than to 0, after a linear
warm-up: Brown et al. 2020, arXiv:2005.14165, appendix B; the last steps of a short adaptation would teach nothing otherwise.
"""

import math

FLOOR = 0.1
"""Learning rate of the last step, as a share of the highest."""


def learning_rate_share(step: int, *, steps: int, warmup_share: float) -> float:
    """Share of the highest learning rate, in (0, 1], at `step` of 0 … steps − 1.

    With w = round(warmup_share · steps): (step + 1) / w in the first w steps; then from 1 at step w to `FLOOR` at the last.
    """
    warmup = round(warmup_share * steps)
    if step < warmup:
        return (step + 1) / warmup
    falling = steps - 1 - warmup
    way = (step - warmup) / falling if falling else 0.0
    return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * way)) / 2
