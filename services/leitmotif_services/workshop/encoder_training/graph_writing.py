"""Writes ONNX graphs operator by operator, under generated names."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 9
"""Both are read by every ONNX Runtime since 1.14."""

END = 1 << 40
"""As the end of a slice: to the last."""


class GraphWriter:
    """Collects operators and constants; each method adds some and gives the name of what comes out."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[np.generic] | list[int]) -> str:
        """An array as it is, or whole numbers as int64."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, np.int64 if isinstance(value, list) else None), name))
        return name

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        output = name or f"t{len(self._nodes)}"
        # The operator is named after what it gives, so that quantisation can be told which ones to leave alone.
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
        return output

    def mean(self, value: str, axis: int, *, keep: bool = False) -> str:
        return self.op("ReduceMean", value, axes=[axis], keepdims=int(keep))

    def part(self, value: str, axis: int, start: int, end: int) -> str:
        return self.op("Slice", value, self.constant([start]), self.constant([end]), self.constant([axis]))

    def every(self, value: str, axis: int, step: int) -> str:
        """The first, and then every `step`-th along an axis."""
        return self.op("Slice", value, *(self.constant([number]) for number in (0, END, axis, step)))

    def change(self, value: str, frames: int) -> str:
        """Difference from the value so many frames before; (B, T, n) to (B, T - frames, n)."""
        return self.op("Sub", self.part(value, 1, frames, END), self.part(value, 1, 0, -frames))

    def log(self, value: str, floor: float) -> str:
        return self.op("Log", self.op("Add", value, self.scalar(floor)))

    def weighted_mean(self, value: str, weights: str, *, keep: bool = False) -> str:
        """Mean over the frames of (B, T, n) by weights (B, T, 1)."""
        axis = self.constant([1])
        total = self.op("ReduceSum", self.op("Mul", value, weights), axis, keepdims=int(keep))
        return self.op("Div", total, self.op("ReduceSum", weights, axis, keepdims=int(keep)))

    def weighted_deviation(self, value: str, weights: str) -> str:
        centred = self.op("Sub", value, self.weighted_mean(value, weights, keep=True))
        return self.op("Sqrt", self.weighted_mean(self.op("Mul", centred, centred), weights))

    def unit_length(self, value: str, name: str | None = None) -> str:
        """Rows of (B, n) divided by their length."""
        length = self.op("ReduceL2", value, axes=[1], keepdims=1)
        return self.op("Div", value, self.op("Max", length, self.scalar(1e-6)), name=name)

    def model(
        self, name: str, inputs: dict[str, list[str | int]], outputs: dict[str, list[str | int]], properties: dict[str, str]
    ) -> onnx.ModelProto:
        """The checked model; inputs and outputs are float32, each with its dimensions, named where they are free."""
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in outputs.items()],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        model.producer_name = "leitmotif"
        helper.set_model_props(model, properties)
        onnx.checker.check_model(model, full_check=True)
        return model
