"""Plays a decoder through ONNX Runtime on one CPU core. Knows sessions, buffers and their sizes; knows no events, no sampling."""

from __future__ import annotations

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from companion.onnx_graph import SHADOWS, Weights, cache_names, cache_shape, head_graph, net_graph
from companion.runner import Reader, Scores
from shared.nets.decoder import Decoder
from shared.tokens import Steps, pitch_context


class OnnxRunner:
    """A decoder's weights in sessions of their own, as `weights` says."""

    def __init__(self, decoder: Decoder, weights: Weights = "q8") -> None:
        self.kind = f"onnx-{weights}"
        self.config = decoder.config
        self.context = decoder.config.context
        self.net = open_session(net_graph(decoder, weights))
        self.onset, self.pitch, self.duration = (
            open_session(head_graph(head, weights)) for head in (decoder.onset, decoder.pitch, decoder.duration)
        )
        self._fields: NDArray[np.float32] = decoder.fields.weight.detach().cpu().numpy()
        self._offsets: NDArray[np.int64] = decoder.get_buffer("offsets").cpu().numpy()

    def reader(self) -> Reader:
        """A reader with caches of its own."""
        return _OnnxReader(self)

    def embed(self, steps: Steps, out: NDArray[np.float32]) -> None:
        """Write the embedded rows (T, F) to `out` (T, W)."""
        np.sum(self._fields[steps + self._offsets], axis=1, out=out)


class _OnnxReader:
    def __init__(self, runner: OnnxRunner) -> None:
        config = runner.config
        self.length = 0
        self._runner = runner
        self._hidden = np.zeros((config.context, config.width), np.float32)
        self._pitch_context = np.zeros((config.context, 2), np.int64)
        self._caches = [_shared(np.zeros(cache_shape(config), np.float32)) for _ in cache_names(config)]
        self._last, self._total = np.zeros(1, np.int32), np.zeros(1, np.int32)
        self._passes: dict[int, _Pass] = {}

    def read(self, steps: Steps) -> None:
        end = self.length + len(steps)
        if end > self._runner.context:
            raise ValueError(f"{end} steps: the context holds {self._runner.context}")
        rows = len(steps)
        work = self._passes.get(rows)
        if work is None:
            work = self._passes[rows] = self._bound(rows)
        self._runner.embed(steps, work.x[0])
        self._total[0] = end + SHADOWS
        self._last[0] = end + SHADOWS - 1
        self._runner.net.run_with_iobinding(work.binding)
        self._hidden[self.length : end] = work.hidden[0]
        self._pitch_context[self.length : end] = pitch_context(steps)
        self.length = end

    def onset(self) -> Scores:
        return _scores(self._runner.onset, self._of_last())

    def pitch(self, onset: int) -> Scores:
        return _scores(self._runner.pitch, self._of_last(), onset, *self._pitch_context[self.length - 1].tolist())

    def duration(self, onset: int, pitch: int) -> Scores:
        return _scores(self._runner.duration, self._of_last(), onset, pitch)

    def _of_last(self) -> NDArray[np.float32]:
        return self._hidden[self.length - 1 : self.length]

    def _bound(self, rows: int) -> _Pass:
        work = _Pass(self._runner, rows)
        inputs = {"x": _shared(work.x), "last": _shared(self._last), "total": _shared(self._total)}
        for name, value in inputs.items():
            work.binding.bind_ortvalue_input(name, value)
        for (name, name_out), cache in zip(cache_names(self._runner.config), self._caches, strict=True):
            work.binding.bind_ortvalue_input(name, cache)
            work.binding.bind_ortvalue_output(name_out, cache)
        work.binding.bind_ortvalue_output("hidden", _shared(work.hidden))
        return work


class _Pass:
    """The buffers of passes of `rows` steps, bound once: binding takes as long as a step."""

    def __init__(self, runner: OnnxRunner, rows: int) -> None:
        self.x = np.zeros((1, rows, runner.config.width), np.float32)
        self.hidden = np.zeros_like(self.x)
        self.binding = runner.net.io_binding()


def open_session(model: bytes) -> onnxruntime.InferenceSession:
    """A graph made ready to run on one thread."""
    options = onnxruntime.SessionOptions()
    # One step of a small net is too little work to share: more threads only wait for each other.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _shared(array: NDArray[np.generic]) -> onnxruntime.OrtValue:
    """The array's own memory as the runtime sees it; on a CPU nothing is copied."""
    return onnxruntime.OrtValue.ortvalue_from_numpy(array)


def _scores(head: onnxruntime.InferenceSession, hidden: NDArray[np.float32], *decisions: int) -> Scores:
    given = {f"given{index}": np.array([decision]) for index, decision in enumerate(decisions)}
    scores: Scores = head.run(None, {"hidden": hidden, **given})[0][0]
    return scores
