"""Writes the affinity head as an ONNX model, so that a track that comes later gets its affinities without this code."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
"""The pair that ONNX 1.12 brought: every ONNX Runtime since 1.12 reads it."""


def affinity_head(weights: NDArray[np.float32], offsets: NDArray[np.float32]) -> bytes:
    """sigmoid(W e + c) as a serialised model: "embedding" (n, D) float32 → "affinity" (n, K) float32.

    `weights`: W, (K, D); `offsets`: c, (K,). The bytes depend on nothing else.
    """
    prototypes, dimension = weights.shape
    nodes = [
        helper.make_node("Gemm", ["embedding", "weights", "offsets"], ["logit"], transB=1),
        helper.make_node("Sigmoid", ["logit"], ["affinity"]),
    ]
    return _serialised(nodes, {"weights": weights, "offsets": offsets}, dimension, prototypes)


def attention_head(
    weights: NDArray[np.float32],
    offsets: NDArray[np.float32],
    added: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> bytes:
    """Mean over heads of softmax over prototypes of (W_a e + c_a), with the inputs and outputs of `affinity_head`.

    `weights`: (A, L, D) of A heads; `offsets`: (A, L). `added`: W (K − L, D) and c (K − L,) of an `affinity_head` whose
    affinities are the last.
    """
    heads, prototypes, dimension = weights.shape
    nodes = [
        helper.make_node("Gemm", ["embedding", "weights", "offsets"], ["flat"], transB=1),
        helper.make_node("Reshape", ["flat", "by_head"], ["logit"]),
        helper.make_node("Softmax", ["logit"], ["attention"], axis=2),
        helper.make_node("ReduceMean", ["attention"], ["affinity" if added is None else "attended"], axes=[1], keepdims=0),
    ]
    constants: dict[str, NDArray[Any]] = {
        "weights": weights.reshape(heads * prototypes, dimension),
        "offsets": offsets.reshape(-1),
        "by_head": np.array([-1, heads, prototypes], np.int64),
    }
    if added is not None:
        nodes += [
            helper.make_node("Gemm", ["embedding", "added_weights", "added_offsets"], ["added_logit"], transB=1),
            helper.make_node("Sigmoid", ["added_logit"], ["added"]),
            helper.make_node("Concat", ["attended", "added"], ["affinity"], axis=1),
        ]
        constants |= {"added_weights": added[0], "added_offsets": added[1]}
        prototypes += len(added[0])
    return _serialised(nodes, constants, dimension, prototypes)


def _serialised(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, NDArray[Any]], dimension: int, prototypes: int) -> bytes:
    graph = helper.make_graph(
        nodes,
        "affinity_head",
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["tracks", dimension])],
        [helper.make_tensor_value_info("affinity", TensorProto.FLOAT, ["tracks", prototypes])],
        [numpy_helper.from_array(np.ascontiguousarray(values), name) for name, values in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="leitmotif"
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
