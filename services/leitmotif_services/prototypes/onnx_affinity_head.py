"""Writes the affinity head as an ONNX model, so that a track that comes later gets its affinities without this code."""

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
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["embedding", "weights", "offsets"], ["logit"], transB=1),
            helper.make_node("Sigmoid", ["logit"], ["affinity"]),
        ],
        "affinity_head",
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["tracks", dimension])],
        [helper.make_tensor_value_info("affinity", TensorProto.FLOAT, ["tracks", prototypes])],
        [
            numpy_helper.from_array(np.ascontiguousarray(weights), "weights"),
            numpy_helper.from_array(np.ascontiguousarray(offsets), "offsets"),
        ],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="leitmotif"
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
