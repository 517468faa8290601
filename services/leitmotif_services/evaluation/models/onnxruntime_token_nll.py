"""Negative log likelihoods from hidden states by ONNX Runtime, never holding the logits of more than one tile.

The same walk as in `torch_token_nll`: tiles of the positions × vocabulary rectangle with a running log-sum-exp (Milakov and
Gimelshein 2018, arXiv:1805.02867). The output layer is a graph of its own, which is given one slice of the weights after another.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnx import TensorProto, helper

_TILE_POSITIONS = 1024
_TILE_VOCABULARY = 4096
_OPSET, _IR_VERSION = 17, 8

_Value = tuple[str, Any, list[Any]]
Floats = npt.NDArray[np.float32]


def session_options(threads: int) -> Any:
    """Bounded threads, which sleep when they have nothing to do."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


class OnnxTokenNll:
    """-log softmax(states · weightᵀ + bias) at the targets, for a float32 output layer."""

    def __init__(self, weight: Floats, bias: Floats | None, *, threads: int) -> None:
        """`weight` (V, D), contiguous, is used in place."""
        self._weight = weight
        self._bias = np.zeros(len(weight), np.float32) if bias is None else bias
        options = session_options(threads)
        plain, ranking = (_tile_graph(weight.shape[1], ranks=ranks) for ranks in (False, True))
        self._plain = onnxruntime.InferenceSession(plain, options, providers=["CPUExecutionProvider"])
        self._ranking = onnxruntime.InferenceSession(ranking, options, providers=["CPUExecutionProvider"])

    def __call__(
        self, states: Floats, targets: npt.NDArray[np.int64], ranks: npt.NDArray[np.int64] | None = None
    ) -> npt.NDArray[np.float64]:
        """`states` (n, D), `targets` (n,) → (n,) in nats.

        `ranks` (n,) is filled with the rank of each target among the vocabulary: 1 for the likeliest, ties in its favour.
        """
        nll = np.empty(len(states))
        for start in range(0, len(states), _TILE_POSITIONS):
            places = slice(start, start + _TILE_POSITIONS)
            some = np.ascontiguousarray(states[places])
            logits = np.einsum("nd,nd->n", some, self._weight[targets[places]]) + self._bias[targets[places]]
            ahead = None if ranks is None else ranks[places]
            nll[places] = self._log_normalizer(some, targets[places], logits, ahead) - logits
        return nll

    def _log_normalizer(
        self, states: Floats, targets: npt.NDArray[np.int64], target_logits: Floats, ranks: npt.NDArray[np.int64] | None
    ) -> npt.NDArray[np.float64]:
        largest = np.full(len(states), -np.inf)
        scaled_sum = np.zeros(len(states))
        if ranks is not None:
            ranks[:] = 1
        for start in range(0, len(self._weight), _TILE_VOCABULARY):
            tile = slice(start, start + _TILE_VOCABULARY)
            given = {"states": states, "weight": self._weight[tile], "bias": self._bias[tile]}
            if ranks is None:
                tile_largest, tile_sum = self._plain.run(None, given)
            else:
                # The target's own logit is computed by another kernel here, and must not be ahead of itself.
                own = np.where((targets >= start) & (targets < start + _TILE_VOCABULARY), targets - start, -1)
                given |= {"target_logits": target_logits[:, None], "own": np.maximum(own, 0)[:, None]}
                tile_largest, tile_sum, ahead, own_logits = self._ranking.run(None, given)
                ranks += ahead.astype(np.int64) - ((own >= 0) & (own_logits[:, 0] > target_logits))
            larger = np.maximum(largest, tile_largest)
            scaled_sum = scaled_sum * np.exp(largest - larger) + tile_sum * np.exp(tile_largest - larger)
            largest = larger
        return np.asarray(largest + np.log(scaled_sum), np.float64)


def _tile_graph(width: int, *, ranks: bool) -> bytes:
    """States (n, D), weight (v, D), bias (v,) → largest logit (n,) and sum of exp(logit - largest) (n,).

    With `ranks` also target_logits (n, 1) and own (n, 1) → number of logits above the target's (n,), and the tile's logits at
    own (n, 1).
    """
    real, whole = TensorProto.FLOAT, TensorProto.INT64
    inputs: list[tuple[str, Any, list[Any]]] = [
        ("states", real, ["n", width]),
        ("weight", real, ["v", width]),
        ("bias", real, ["v"]),
    ]
    outputs: list[tuple[str, Any, list[Any]]] = [("largest", real, ["n"]), ("sum", real, ["n"])]
    nodes = [
        helper.make_node("Gemm", ["states", "weight", "bias"], ["tile"], transB=1),
        helper.make_node("ReduceMax", ["tile"], ["column"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["tile", "column"], ["below"]),
        helper.make_node("Exp", ["below"], ["shares"]),
        helper.make_node("ReduceSum", ["shares", "axis"], ["sum"], keepdims=0),
        helper.make_node("Squeeze", ["column", "axis"], ["largest"]),
    ]
    if ranks:
        inputs += [("target_logits", real, ["n", 1]), ("own", whole, ["n", 1])]
        outputs += [("ahead", real, ["n"]), ("own_logits", real, ["n", 1])]
        nodes += [
            helper.make_node("Greater", ["tile", "target_logits"], ["above"]),
            helper.make_node("Cast", ["above"], ["counted"], to=real),  # exact: a tile has far fewer columns than 2^24
            helper.make_node("ReduceSum", ["counted", "axis"], ["ahead"], keepdims=0),
            helper.make_node("GatherElements", ["tile", "own"], ["own_logits"], axis=1),
        ]
    graph = helper.make_graph(
        nodes,
        "tile",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [helper.make_tensor("axis", whole, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def full_token_nll(logits: Floats, targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """`logits` (n, V), `targets` (n,) → (n,) in nats; the plain form. The logits are overwritten."""
    own = np.take_along_axis(logits, targets[:, None], 1)[:, 0].astype(np.float64)
    largest = logits.max(1)
    logits -= largest[:, None]
    np.exp(logits, out=logits)
    return np.asarray(largest + np.log(logits.sum(1, dtype=np.float64)) - own, np.float64)


def full_token_ranks(logits: Floats, targets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`logits` (n, V), `targets` (n,) → (n,): rank of each target, 1 for the likeliest, ties in its favour."""
    return np.asarray(1 + (logits > np.take_along_axis(logits, targets[:, None], 1)).sum(1), np.int64)
