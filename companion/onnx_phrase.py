"""Plays a humanizer's net through ONNX Runtime on one CPU core. Knows the net's arithmetic and its graph; knows no notes, no readout.

    codes, values ─► note vectors ─► blocks, whose attention is turned by onset ─► masses of the bins of each quantity

Built from the weights in memory, of operators that onnx.ai defines. Shapes: T notes, C codes, V values, W width, H heads, D head width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from companion.onnx_graph import Graph, floats
from companion.onnx_runner import open_session
from shared.bins import Masses
from shared.features import CODE_SIZES, VALUES, Features
from shared.nets.decoder import Head
from shared.nets.phrase import QUANTITIES, PhraseBlock, PhraseConfig, PhraseNet


class PhraseRunner:
    """A humanizer's weights in a session of their own. `edges`: those of each quantity's bins, by its name in `QUANTITIES`."""

    kind = "onnx-fp32"
    """A bar is so many notes that weights of eight bits, fetched sooner, would cost more to unpack."""

    def __init__(self, net: PhraseNet) -> None:
        self.context = net.config.context
        self.edges = net.edges()
        self._session = open_session(phrase_graph(net))
        self._offsets: NDArray[np.int64] = net.get_buffer("offsets").cpu().numpy()
        self._turns: NDArray[np.float32] = np.tile(net.get_buffer("turns").cpu().numpy(), 2)  # (D,)

    def masses(self, seen: Features) -> dict[str, Masses]:
        """The masses (T, bins) that the net gives each quantity of T notes, by its name in `QUANTITIES`.

        Raises ValueError for more notes than the context holds.
        """
        if len(seen) > self.context:
            raise ValueError(f"{len(seen)} notes: the context holds {self.context}")
        angles = (seen.values[:, :1] - seen.values[:1, :1]) * self._turns
        read = {"codes": seen.codes + self._offsets, "values": seen.values[:, 1:], "cos": np.cos(angles), "sin": np.sin(angles)}
        return dict(zip(QUANTITIES, self._session.run(None, read), strict=True))


def phrase_graph(net: PhraseNet) -> bytes:
    """The net: `codes` (T, C), each with its column's offset, `values` (T, V - 1), `cos` and `sin` (T, D) -> masses (T, bins)."""
    graph, config = Graph("fp32"), net.config
    depth = config.width // config.heads
    rows = [("columns", [1]), ("heads_axis", [1]), ("split_heads", [0, 3 * config.heads, depth]), ("join_heads", [0, config.width])]
    for name, row in rows:
        graph.constant(name, np.array(row))
    graph.constant("scale", np.array(depth**-0.5, np.float32))
    embedded = graph.add("ReduceSum", [graph.add("Gather", [graph.constant("tables", net.codes.weight), "codes"]), "columns"], keepdims=0)
    x = graph.add("Add", [embedded, graph.linear("values_of", "values", net.values)])
    x = graph.add("Add", [x, graph.feed_forward("_note", x, net.note)])
    turns = graph.add("Unsqueeze", ["cos", "heads_axis"]), graph.add("Unsqueeze", ["sin", "heads_axis"])
    for layer, block in enumerate(net.blocks):
        assert isinstance(block, PhraseBlock)
        x = graph.add("Add", [x, _attention(graph, block, x, turns, layer, config)])
        fed = graph.feed_forward(f"{layer}", graph.norm(f"feed_norm{layer}", x, block.feed_norm), block.feed)
        x = graph.add("Add", [x, fed])
    x = graph.norm("norm", x, net.norm)
    for name in QUANTITIES:
        _head(graph, name, x, getattr(net, name))
    counts = dict(zip(QUANTITIES, (config.velocity_bins, config.timing_bins, config.ratio_bins), strict=True))
    codes = helper.make_tensor_value_info("codes", TensorProto.INT64, ["T", len(CODE_SIZES)])
    inputs = [codes, floats("values", ["T", len(VALUES) - 1]), *(floats(name, ["T", depth]) for name in ("cos", "sin"))]
    return graph.model(inputs, [floats(name, ["T", count]) for name, count in counts.items()])


def _attention(graph: Graph, block: PhraseBlock, x: str, turns: tuple[str, str], layer: int, config: PhraseConfig) -> str:
    """What attention adds to `x` (T, W)."""
    qkv = graph.linear(f"qkv{layer}", graph.norm(f"attention_norm{layer}", x, block.attention_norm), block.attention.qkv)
    names = [f"{part}{layer}" for part in ("q", "k", "v")]
    graph.node("Split", [graph.add("Reshape", [qkv, "split_heads"])], names, axis=1, num_outputs=3)  # (T, H, D) each
    q, k = (_turned(graph, name, turns) for name in names[:2])
    q = graph.add("Mul", [graph.add("Transpose", [q], perm=[1, 0, 2]), "scale"])
    scores = graph.add("MatMul", [q, graph.add("Transpose", [k], perm=[1, 2, 0])])  # (H, T, T)
    mixed = graph.add("MatMul", [graph.add("Softmax", [scores], axis=-1), graph.add("Transpose", [names[2]], perm=[1, 0, 2])])
    joined = graph.add("Reshape", [graph.add("Transpose", [mixed], perm=[1, 0, 2]), "join_heads"])
    return graph.linear(f"out{layer}", joined, block.attention.out)


def _turned(graph: Graph, x: str, turns: tuple[str, str]) -> str:
    """`x` (T, H, D) turned by angles (T, 1, D)."""
    first, second = f"{x}_first", f"{x}_second"
    graph.node("Split", [x], [first, second], axis=-1, num_outputs=2)
    swapped = graph.add("Concat", [graph.add("Neg", [second]), first], axis=-1)
    return graph.add("Add", [graph.add("Mul", [x, turns[0]]), graph.add("Mul", [swapped, turns[1]])])


def _head(graph: Graph, name: str, x: str, head: Head) -> None:
    inner = graph.add("Gelu", [graph.linear(f"{name}_inner", x, head.inner)])
    graph.node("Softmax", [graph.linear(f"{name}_out", inner, head.out)], [name], axis=-1)
