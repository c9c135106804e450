"""The decoder as graphs for ONNX Runtime, built from its weights in memory. Knows both nets' arithmetic; runs nothing.

    embedded steps, keys and values ─► net ─► hidden state of each step, keys and values written in place
    hidden, decisions already taken ─► head ─► scores

Operators: onnx.ai and ONNX Runtime's `com.microsoft` (GroupQueryAttention, MatMulNBits; ContribOperators.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor, nn

from shared.nets.decoder import Block, Decoder, DecoderConfig, FeedForward, Head, PitchHead

Weights = Literal["fp32", "q8"]
"""Single precision; or eight bits with a scale for every 32 weights of a row, a quarter of the bytes to be fetched."""

OPSET = 21
IR_VERSION = 10
CONTRIB = "com.microsoft"
BLOCK = 32
INT8_ACTIVATIONS = 4
"""MatMulNBits' accuracy level: what it multiplies is rounded to eight bits as well, one scale a row and block."""
HEAD_WIDTH_MULTIPLE = 16
SHADOWS = 1
"""Attention sees the last row of a pass twice. A row alone would be summed in another order than among others; so it comes out
the same, bit by bit, and what is played does not depend on how the score was read."""


def suits(config: DecoderConfig) -> bool:
    """Whether ONNX Runtime's attention turns heads of this width."""
    return config.head_width % HEAD_WIDTH_MULTIPLE == 0


def cache_names(config: DecoderConfig) -> list[tuple[str, str]]:
    """Names of the net's caches as they go in and come out: keys and values, layer by layer."""
    return [(f"{kind}{layer}", f"{kind}{layer}_out") for layer in range(config.layers) for kind in ("keys", "values")]


def cache_shape(config: DecoderConfig) -> tuple[int, int, int, int]:
    """(1, G, room, D) of one of the net's caches."""
    return 1, config.kv_heads, config.context + SHADOWS, config.head_width


def net_graph(decoder: Decoder, weights: Weights) -> bytes:
    """The net: `x` (1, T, W), and with the shadow `last` (1,) the last row's index, `total` (1,) rows -> `hidden` (1, T, W)."""
    config = decoder.config
    graph = Graph(weights)
    half = config.head_width // 2
    # nobody looks at what comes of a shadow: any turn will do for it
    behind = ((0, SHADOWS), (0, 0))
    tables = [(name, decoder.get_buffer(name)[:, 0, :half].cpu().numpy()) for name in ("cos", "sin")]
    cos, sin = (graph.constant(name, np.pad(table, behind, "edge")) for name, table in tables)
    for name, index in (("first", 0), ("last_row", -SHADOWS), ("end", config.context), ("steps_axis", 1)):
        graph.constant(name, np.array([index]))
    x = "x"
    for layer, block in enumerate(decoder.blocks):
        assert isinstance(block, Block)
        x = _block(graph, block, x, (cos, sin), layer, config)
    graph.node("LayerNormalization", [x, graph.constant("norm", decoder.norm.weight)], ["hidden"], axis=-1, epsilon=decoder.norm.eps)
    row: list[int | str] = [1, "T", config.width]
    cache = cache_shape(config)
    inputs = [floats("x", row), *(helper.make_tensor_value_info(name, TensorProto.INT32, [1]) for name in ("last", "total"))]
    inputs += [floats(name, cache) for name, _ in cache_names(config)]
    return graph.model(inputs, [floats("hidden", row), *(floats(name, cache) for _, name in cache_names(config))])


def head_graph(head: Head, weights: Weights) -> bytes:
    """One head: `hidden` (1, W) and decisions `given0`, `given1` (1,) as many as it asks for -> `scores` (1, classes).

    The pitch head asks for the onset, the chord's root and the last note's pitch.
    """
    graph = Graph(weights)
    x = "hidden"
    inputs = [floats("hidden", [1, head.inner.in_features])]
    for index, embedding in enumerate(head.given):
        assert isinstance(embedding, nn.Embedding)
        table = graph.constant(f"table{index}", embedding.weight)
        x = graph.add("Add", [x, graph.add("Gather", [table, f"given{index}"])])
        inputs.append(helper.make_tensor_value_info(f"given{index}", TensorProto.INT64, [1]))
    x = graph.add("Gelu", [graph.linear("inner", x, head.inner)])
    scores = graph.linear("out", x, head.out)
    if isinstance(head, PitchHead):
        nothing = graph.constant("nothing", np.zeros((1, 1), np.float32))
        for table, relative in (("degrees", head.degree), ("intervals", head.interval)):
            given = f"given{len(inputs) - 1}"
            inputs.append(helper.make_tensor_value_info(given, TensorProto.INT64, [1]))
            places = graph.add("Gather", [graph.constant(table, head.get_buffer(table)), given])
            # without a root, or a last note, nothing counts
            counted = graph.add("Concat", [graph.linear(f"{table}_of", x, relative), nothing], axis=1)
            scores = graph.add("Add", [scores, graph.add("GatherElements", [counted, places], axis=1)])
    graph.node("Identity", [scores], ["scores"])
    return graph.model(inputs, [floats("scores", [1, head.out.out_features])])


def _block(graph: Graph, block: Block, x: str, turns: tuple[str, str], layer: int, config: DecoderConfig) -> str:
    qkv = graph.linear(f"qkv{layer}", graph.norm(f"attention_norm{layer}", x, block.attention_norm), block.attention.qkv)
    qkv = graph.add("Concat", [qkv, graph.add("Slice", [qkv, "last_row", "end", "steps_axis"])], axis=1)
    mixed = f"mixed{layer}"
    (keys, keys_out), (values, values_out) = cache_names(config)[2 * layer : 2 * layer + 2]
    graph.node(
        "GroupQueryAttention", [qkv, "", "", keys, values, "last", "total", *turns], [mixed, keys_out, values_out], CONTRIB,
        num_heads=config.heads, kv_num_heads=config.kv_heads, do_rotary=1,
    )  # fmt: skip
    mixed = graph.add("Slice", [mixed, "first", "last_row", "steps_axis"])
    x = graph.add("Add", [x, graph.linear(f"out{layer}", mixed, block.attention.out)])
    fed = graph.feed_forward(f"{layer}", graph.norm(f"feed_norm{layer}", x, block.feed_norm), block.feed)
    return graph.add("Add", [x, fed])


class Graph:
    """A graph as it is put together: its nodes and constants."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, name: str, value: Tensor | NDArray[np.generic]) -> str:
        """A constant, whose name is returned."""
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> None:
        """A node whose outputs have names of their own."""
        self._nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))

    def add(self, kind: str, inputs: list[str], domain: str = "", **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        name = f"{kind}_{len(self._nodes)}"
        self.node(kind, inputs, [name], domain, **attributes)
        return name

    def norm(self, name: str, x: str, norm: nn.LayerNorm) -> str:
        """A layer norm without bias over the last axis."""
        return self.add("LayerNormalization", [x, self.constant(name, norm.weight)], axis=-1, epsilon=norm.eps)

    def linear(self, name: str, x: str, layer: nn.Linear) -> str:
        """A linear layer over the last axis, in the arithmetic of the graph's weights."""
        weight: NDArray[np.float32] = layer.weight.detach().cpu().float().numpy()
        classes, width = weight.shape
        if self._weights == "fp32":
            y = self.add("MatMul", [x, self.constant(name, weight.T)])
        else:
            codes, scales = quantized(weight)
            constants = [self.constant(f"{name}_codes", codes), self.constant(f"{name}_scales", scales)]
            shape = {"K": width, "N": classes, "bits": 8, "block_size": BLOCK, "accuracy_level": INT8_ACTIVATIONS}
            y = self.add("MatMulNBits", [x, *constants], CONTRIB, **shape)
        return y if layer.bias is None else self.add("Add", [y, self.constant(f"{name}_bias", layer.bias)])

    def feed_forward(self, name: str, x: str, feed: FeedForward) -> str:
        """A SwiGLU feed-forward."""
        gate, value = f"gate{name}", f"value{name}"
        self.node("Split", [self.linear(f"up{name}", x, feed.up)], [gate, value], axis=-1, num_outputs=2)
        # with alpha 1 this is SiLU in one operation
        opened = self.add("Mul", [self.add("QuickGelu", [gate], CONTRIB, alpha=1.0), value])
        return self.linear(f"down{name}", opened, feed.down)

    def model(self, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]) -> bytes:
        """The finished graph, as ONNX Runtime reads it."""
        graph = helper.make_graph(self._nodes, "net", inputs, outputs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION).SerializeToString()
        return model


def quantized(weight: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Weights (N, K) as codes (N, blocks, BLOCK) around 128 and scales (N, blocks), the last block filled up with zeros."""
    rows, width = weight.shape
    blocks = -(-width // BLOCK)
    padded = np.zeros((rows, blocks * BLOCK), np.float32)
    padded[:, :width] = weight
    parted = padded.reshape(rows, blocks, BLOCK)
    scales = np.abs(parted).max(-1) / np.float32(127)
    scales[scales == 0] = 1
    codes = np.rint(parted / scales[..., None]) + 128
    return codes.astype(np.uint8), scales


def floats(name: str, shape: Sequence[int | str]) -> ValueInfoProto:
    """An input or output of single precision; a name in `shape` is a length that may change."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
