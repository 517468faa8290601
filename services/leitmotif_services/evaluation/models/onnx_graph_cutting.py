"""Reads an ONNX language model, refuses what it must not hold, and cuts it at the states before its output layer.

Nothing is left for the runtime to open: all weights are read here, from the graph and from files of its folder alone.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from leitmotif_services.runtime.errors import Reason, ServiceError

Weights = npt.NDArray[Any]

LOGITS, LAST_STATES = "logits", "last_hidden_state"
INPUT_IDS, ATTENTION_MASK, POSITION_IDS = "input_ids", "attention_mask", "position_ids"
_DOMAINS = ("", "ai.onnx", "com.microsoft")
_SMALL_BYTES = 1024
"""Tensors up to this size stay in the graph, whose shapes may depend on them."""
_STEPS_BACK = 16
_UNCHANGED = ("Identity", "Reshape")
_CHANGED = ("Add", "Sub", "Mul", "Div", "Tanh", "Cast")
"""What may lie between an output layer and the logits: the first keep them, the second do not."""


@dataclass(frozen=True)
class OutputLayer:
    """The layer that makes logits of states: states · weightᵀ + bias."""

    weight: npt.NDArray[np.float32]
    """(V, D), contiguous."""
    bias: npt.NDArray[np.float32] | None
    """(V,)."""


@dataclass(frozen=True)
class CutGraph:
    """A graph without its large weights, and these."""

    content: bytes
    """The serialized graph."""
    weights: dict[str, Weights]
    """What the graph's external initializers are to hold, by name."""
    inputs: dict[str, Any]
    """Data type of each input, by name."""
    states: str | None
    """Name of the output that holds the last layer's states, (B, L, D) or (B · L, D); None where they were not found."""
    output_layer: OutputLayer | None
    """Where it is all that lies between states and logits; the graph then ends at the states. Else it ends at the logits."""
    vocabulary: int | None
    """Number of logits; None where the graph does not tell it."""

    @property
    def weight_bytes(self) -> int:
        """Memory that the weights take, each counted once."""
        held = {id(weight): weight.nbytes for weight in self.weights.values()}
        if self.output_layer is not None:
            held[id(self.output_layer.weight)] = self.output_layer.weight.nbytes
        return sum(held.values())

    @property
    def dtype(self) -> str:
        """Of most of the weights."""
        sizes: dict[str, int] = {}
        kept = [] if self.output_layer is None else [self.output_layer.weight]
        for weight in (*self.weights.values(), *kept):
            sizes[str(weight.dtype)] = sizes.get(str(weight.dtype), 0) + weight.nbytes
        return max(sizes, key=lambda name: sizes[name], default="float32")


def cut_graph(files: tuple[Path, ...], *, limit_bytes: int) -> CutGraph:
    """`files`: the graph, and those that may hold weights of it. Raises LANGUAGE_MODEL_REFUSED.

    The size of the files, and then that of the weights that the graph declares, is held against the limit before it is read.
    """
    # The graph's file is in memory twice while it is taken apart.
    require_fit(sum(file.stat().st_size for file in (files[0], *files)), limit_bytes)
    try:
        model = onnx.ModelProto.FromString(files[0].read_bytes())
    except Exception as error:  # the protobuf library's own type, which is no public name
        raise refused(f"{files[0].name} is no ONNX file") from error
    _check(model)
    graph = model.graph
    inputs = _inputs(graph)
    require_fit(sum(_declared_bytes(tensor) for tensor in graph.initializer), limit_bytes)
    weights = dict(_weights(graph, {file.name: file for file in files[1:]}))
    outputs = [output.name for output in graph.output]
    if LOGITS not in outputs:
        raise refused(f"its graph has no output {LOGITS!r}, but {', '.join(outputs[:4])}")
    producers = {output: node for node in graph.node for output in node.output}
    found = _find_output_layer(producers, weights)
    states = LAST_STATES if LAST_STATES in outputs else None if found is None else found.states
    layer = None if found is None else found.layer
    if found is not None and layer is not None:
        states = found.states
    ends = [states] if layer is not None and states is not None else [LOGITS, *([states] if states else [])]
    nodes = _needed(producers, ends)
    used = {name for node in nodes for name in node.input} | set(ends)
    kept = {name: weight for name, weight in weights.items() if name in used}
    if layer is not None:
        layer = OutputLayer(_shared(layer.weight, kept), layer.bias)
    shape = next(output.type.tensor_type.shape for output in graph.output if output.name == LOGITS)
    declared = shape.dim[-1].dim_value if shape.dim else 0
    return CutGraph(
        _serialized(model, nodes, used, kept, ends),
        kept,
        inputs,
        states,
        layer,
        vocabulary=declared or (None if found is None else found.vocabulary),
    )


@dataclass(frozen=True)
class _Found:
    states: str
    vocabulary: int
    layer: OutputLayer | None


def _check(model: Any) -> None:
    if model.functions:
        raise refused("its graph brings functions of its own")
    if model.graph.sparse_initializer:
        raise refused("its graph has sparse weights")
    for node in model.graph.node:
        if node.domain not in _DOMAINS:
            raise refused(f"its graph has the operator {node.op_type!r} of the domain {node.domain!r}")
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise refused(f"its graph has control flow ({node.op_type})")
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise refused("its graph has sparse weights")
            for tensor in (attribute.t, *attribute.tensors):
                if tensor.data_location == onnx.TensorProto.EXTERNAL:
                    raise refused(f"its graph keeps an attribute of {node.op_type} in another file")


def _inputs(graph: Any) -> dict[str, Any]:
    given = {tensor.name for tensor in graph.initializer}
    inputs = {}
    for value in graph.input:
        if value.name in given:
            continue
        if value.name not in (INPUT_IDS, ATTENTION_MASK, POSITION_IDS):
            hint = "; export it without past states" if "past" in value.name or "cache" in value.name else ""
            raise refused(f"its graph has the input {value.name!r}{hint}")
        element = value.type.tensor_type.elem_type
        if element not in (onnx.TensorProto.INT64, onnx.TensorProto.INT32):
            raise refused(f"its graph's input {value.name!r} holds no whole numbers")
        inputs[value.name] = helper.tensor_dtype_to_np_dtype(element)
    if INPUT_IDS not in inputs:
        raise refused(f"its graph has no input {INPUT_IDS!r}")
    return inputs


def _weights(graph: Any, files: dict[str, Path]) -> Iterator[tuple[str, Weights]]:
    """Tensors that are large or lie in another file."""
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            yield tensor.name, _external(tensor, files)
        elif tensor.ByteSize() > _SMALL_BYTES and tensor.data_type != onnx.TensorProto.STRING:
            try:
                weight = numpy_helper.to_array(tensor)
            except (ValueError, TypeError, KeyError) as error:
                raise refused(f"its weight {tensor.name!r} is damaged") from error
            yield tensor.name, _native(tensor.name, weight)


def _declared_bytes(tensor: Any) -> int:
    """Several tensors may name the same bytes of a file, and would still be held apart."""
    if min(tensor.dims, default=0) < 0:
        raise refused(f"its weight {tensor.name!r} has a negative length")
    try:
        return int(math.prod(tensor.dims)) * np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
    except (ValueError, TypeError, KeyError) as error:
        raise refused(f"its weight {tensor.name!r} is of no type") from error


def _external(tensor: Any, files: dict[str, Path]) -> Weights:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    file = files.get(entries.get("location", "").removeprefix("./"))
    if file is None:
        raise refused(f"its weight {tensor.name!r} lies in {entries.get('location', '')!r}, which is no data file of the folder")
    try:
        dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
        offset, shape = int(entries.get("offset", "0")), tuple(tensor.dims)
        count = math.prod(shape)
        length = int(entries.get("length", count * dtype.itemsize))
        if offset < 0 or length != count * dtype.itemsize:
            raise ValueError(f"{length} bytes at {offset} for {shape}")
        if offset + length > file.stat().st_size:
            raise ValueError(f"{file.name} is too short")
        return _native(tensor.name, np.fromfile(file, dtype, count, offset=offset).reshape(shape))
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise refused(f"its weight {tensor.name!r} is damaged: {error}") from error


def _native(name: str, weight: Weights) -> Weights:
    if weight.dtype.kind not in "fiub":
        raise refused(f"its weight {name!r} is of type {weight.dtype}, which is not supported")
    return np.require(weight, requirements=["C", "W"])  # the runtime takes none that may not be written


def _find_output_layer(producers: dict[str, Any], weights: dict[str, Weights]) -> _Found | None:
    """Walks back from the logits. `layer` is None where something but a bias lies between it and the logits."""
    name, bias, unchanged = LOGITS, None, True
    for _ in range(_STEPS_BACK):
        node = producers.get(name)
        if node is None:
            return None
        if node.op_type in ("MatMul", "Gemm") and node.domain != "com.microsoft":
            return _found(node, bias, producers, weights, unchanged=unchanged)
        if node.op_type not in (*_UNCHANGED, *_CHANGED):
            return None
        name = node.input[0]
        if node.op_type == "Add" and bias is None:
            one, other = (_weight(each, producers, weights) for each in node.input)
            bias = one if one is not None else other
            name = node.input[1] if one is not None else name
            unchanged = unchanged and bias is not None and bias.ndim == 1
        elif node.op_type in _CHANGED:
            unchanged = False
    return None


def _found(
    node: Any, bias: Weights | None, producers: dict[str, Any], weights: dict[str, Weights], *, unchanged: bool
) -> _Found | None:
    weight = _weight(node.input[1], producers, weights)
    if weight is None or weight.ndim != 2:
        return None
    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    if not settings.get("transB", 0):
        weight = weight.T
    if len(node.input) > 2 and node.input[2]:
        unchanged = unchanged and bias is None
        bias = _weight(node.input[2], producers, weights)
        unchanged = unchanged and bias is not None
    plain = settings.get("alpha", 1.0) == settings.get("beta", 1.0) == 1.0 and not settings.get("transA", 0)
    fits = bias is None or bias.shape == weight.shape[:1]
    layer = None
    if unchanged and plain and fits and weight.dtype == np.float32 and (bias is None or bias.dtype == np.float32):
        layer = OutputLayer(weight, bias)
    return _Found(node.input[0], len(weight), layer)


def _weight(name: str, producers: dict[str, Any], weights: dict[str, Weights]) -> Weights | None:
    """The constant of that name, seen through what exporters put before weights that are used twice."""
    transposed = False
    for _ in range(_STEPS_BACK):
        node = producers.get(name)
        if node is None:
            weight = weights.get(name)
            return weight.T if weight is not None and transposed else weight
        if node.op_type == "Transpose":
            order = next((list(attribute.ints) for attribute in node.attribute if attribute.name == "perm"), [1, 0])
            if order != [1, 0]:
                return None
            transposed = not transposed
        elif node.op_type != "Identity":
            return None
        name = node.input[0]
    return None


def _shared(weight: npt.NDArray[np.float32], kept: dict[str, Weights]) -> npt.NDArray[np.float32]:
    """The same numbers where the graph keeps them anyway: exporters write tied embeddings twice."""
    for each in kept.values():
        if each.shape == weight.shape and each.dtype == weight.dtype and np.array_equal(each, weight):
            return each
    return np.ascontiguousarray(weight)


def _needed(producers: dict[str, Any], ends: list[str]) -> list[Any]:
    """The nodes that the ends depend on, each after those that it depends on."""
    order = {id(node): place for place, node in enumerate(producers.values())}
    found: dict[int, Any] = {}
    pending = list(ends)
    while pending:
        node = producers.get(pending.pop())
        if node is not None and id(node) not in found:
            found[id(node)] = node
            pending.extend(node.input)
    return sorted(found.values(), key=lambda node: order[id(node)])


def _serialized(model: Any, nodes: list[Any], used: set[str], weights: dict[str, Weights], ends: list[str]) -> bytes:
    cut = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    graph = cut.graph
    graph.name = "language_model"
    graph.node.extend(nodes)
    given = {tensor.name for tensor in model.graph.initializer}
    graph.input.extend(value for value in model.graph.input if value.name not in given)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in ends)
    for tensor in model.graph.initializer:
        if tensor.name in weights:
            place = graph.initializer.add(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
            place.data_location = onnx.TensorProto.EXTERNAL
            place.external_data.add(key="location", value="given")
            place.external_data.add(key="length", value=str(weights[tensor.name].nbytes))
        elif tensor.name in used:
            graph.initializer.append(tensor)
    return bytes(cut.SerializeToString())


def require_fit(needed: int, limit_bytes: int) -> None:
    """LANGUAGE_MODEL_REFUSED when the weights need more than is allowed."""
    if needed > limit_bytes:
        raise ServiceError(
            Reason.LANGUAGE_MODEL_REFUSED,
            f"the model cannot be used: its weights need {needed} bytes, {limit_bytes} are allowed",
            limit=limit_bytes,
            actual=needed,
        )


def refused(why: str) -> ServiceError:
    """LANGUAGE_MODEL_REFUSED."""
    return ServiceError(Reason.LANGUAGE_MODEL_REFUSED, f"the model cannot be used: {why}")
