"""The training loop: batches by number, a cosine, measurements, and a state that a killed run goes on from. Knows no music and no net.

Every random choice of a step follows from the seed and the step's number, so the state holds no generators: weights, their average,
the optimizer's two moments, and the step. What is measured and kept is the average: on little music it errs less than the last weights.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from shared.checkpoint import steady
from shared.errors import CheckpointError
from shared.files import written_whole
from trainer.config import RunSettings
from trainer.devices import World
from trainer.progress import Diary

CLIP_NORM = 1.0
BETAS = (0.9, 0.95)
FLOOR_SHARE = 0.05  # of the learning rate, at the end of the cosine
# A row of a table learns only when it is looked up, so tables learn faster, and forget slowly what they seldom see.
TABLE_RATE, TABLE_DECAY = 4.0, 0.125
LOG_EVERY = 50
AVERAGE_DECAY = 0.998  # of the weights' moving average, less in the first steps

Batch = TypeVar("Batch")
BatchRead = TypeVar("BatchRead", contravariant=True)
BatchMade = TypeVar("BatchMade", covariant=True)


class Task(Protocol[BatchRead]):
    """What a run lowers: nats of a model over batches."""

    @property
    def model(self) -> nn.Module: ...

    def weight(self, batch: BatchRead) -> int:
        """What the whole batch's nats are divided by before they are lowered."""

    def notes(self, batch: BatchRead) -> int:
        """What they are divided by before they are told."""

    def nats(self, batch: BatchRead, part: slice, device: torch.device) -> Tensor:
        """The summed nats of the windows `part` of a batch, a scalar on `device`."""

    def held_out(self, batch: BatchRead, part: slice, device: torch.device) -> Tensor:
        """What is told of the held-out windows `part`, summed likewise: the weights that have the least of it are kept."""


class Drawn(Protocol[BatchMade]):
    """Where batches come from: the `number`-th of `size` windows is always the same."""

    def batch(self, number: int, size: int) -> BatchMade: ...


@dataclass(slots=True)
class Standing:
    """How far a run has come: `step` steps done, the least held out for each note, and measurements since."""

    step: int = 0
    best: float = math.inf
    worse: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of a step, for a progress bar."""

    step: int
    steps: int
    train_per_note: float
    val_per_note: float | None
    steps_per_sec: float


def rate_at(step: int, run: RunSettings) -> float:
    """The learning rate of a step: linear warm-up, then half a cosine down to a twentieth (Loshchilov and Hutter 2017)."""
    if step < run.warmup_steps:
        return run.learning_rate * (step + 1) / run.warmup_steps
    done = (step - run.warmup_steps) / max(1, run.steps - run.warmup_steps)
    return run.learning_rate * (FLOOR_SHARE + (1 - FLOOR_SHARE) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _groups(model: nn.Module, weights: Mapping[str, nn.Parameter], decay: float) -> list[dict[str, object]]:
    """The weights as the optimizer takes them: matrices that multiply, tables that are looked up; norms and biases never decay."""
    tables = {f"{name}.weight" for name, module in model.named_modules() if isinstance(module, nn.Embedding)}
    kinds = {name: "table" if name in tables else "matrix" if weight.ndim > 1 else "other" for name, weight in weights.items()}
    how = {"matrix": (1.0, decay), "table": (TABLE_RATE, TABLE_DECAY * decay), "other": (1.0, 0.0)}
    return [
        {"params": [weights[name] for name in weights if kinds[name] == kind], "times": times, "weight_decay": decays}
        for kind, (times, decays) in how.items()
    ]


class Training(Generic[Batch]):
    """A run of `run` on a task's model, whose trainable weights alone are touched. `state` is the file to go on from."""

    def __init__(self, task: Task[Batch], run: RunSettings, world: World, seed: int, state: Path, settings: str) -> None:
        model = self.model = task.model.to(world.device)
        self._task = task
        self.standing = Standing()
        self._run, self._world, self._seed, self._state, self._settings = run, world, seed, state, settings
        self._weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        self._optimizer = torch.optim.AdamW(_groups(model, self._weights, run.weight_decay), betas=BETAS, fused=True)
        self._average = {name: weight.detach().clone() for name, weight in self._weights.items()}
        if state.is_file():
            self._restore()

    @property
    def is_done(self) -> bool:
        """Whether the run has reached its end, or no longer gets better."""
        return self.standing.step >= self._run.steps or self.standing.worse >= self._run.patience

    def go(
        self, windows: Drawn[Batch], held_out: Callable[[], Iterable[Batch]], diary: Diary | None, keep: Callable[[float], None]
    ) -> Iterator[Report]:
        """Train to the end; `keep` is called with what is held out for each note whenever it is the least so far."""
        run, standing = self._run, self.standing
        began, nats, notes, counted = time.monotonic(), 0.0, 0, 0
        while not self.is_done:
            lost, struck = self._step(windows.batch(standing.step, run.batch_windows), standing.step)
            nats, notes, counted = nats + lost, notes + struck, counted + 1
            standing.step += 1
            measured = standing.step % run.evaluate_every == 0 or standing.step == run.steps
            if not measured and standing.step % LOG_EVERY:
                continue
            report = Report(standing.step, run.steps, nats / max(1, notes), None, counted / (time.monotonic() - began))
            if measured:
                report = replace(report, val_per_note=self._measure(held_out(), keep))
            if diary is not None:
                entry = {"step": report.step, "train_per_note": round(report.train_per_note, 6), "rate": rate_at(report.step, run)}
                diary.write(entry if report.val_per_note is None else {**entry, "val_per_note": round(report.val_per_note, 6)})
            if measured and self._world.leads:
                self.save()
            yield report
            began, nats, notes, counted = time.monotonic(), 0.0, 0, 0

    def _measure(self, held_out: Iterable[Batch], keep: Callable[[float], None]) -> float:
        """What the averaged weights have held out for each note; they are kept if it is the least so far."""
        standing = self.standing
        with self._averaged():
            val = held_out_per_note(self._task, held_out, self._world.device)
            standing.worse = 0 if val < standing.best else standing.worse + 1
            if val < standing.best:
                standing.best = val
                if self._world.leads:
                    keep(val)
        return val

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The model with the average for its weights."""
        last = {name: weight.detach().clone() for name, weight in self._weights.items()}
        self._lay(self._average)
        try:
            yield
        finally:
            self._lay(last)

    def _lay(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(values[name])

    def _step(self, batch: Batch, number: int) -> tuple[float, int]:
        """One step of the optimizer on this process's share of a batch; nats and notes of the whole batch."""
        run, world = self._run, self._world
        torch.manual_seed((self._seed << 32) + number * world.size + world.rank)
        for group in self._optimizer.param_groups:
            group["lr"] = group["times"] * rate_at(number, run)
        weight, notes = self._task.weight(batch), self._task.notes(batch)
        self.model.train()
        nats = torch.zeros((), device=world.device)
        for place in range(run.accumulate):
            mine = slice(place * world.size + world.rank, None, run.accumulate * world.size)
            with _autocast(world.device):
                lost = self._task.nats(batch, mine, world.device)
            (lost / max(1, weight)).backward()  # type: ignore[no-untyped-call]
            nats += lost.detach()
        gradients = [weight.grad for weight in self._weights.values() if weight.grad is not None]
        world.summed([*gradients, nats])
        torch.nn.utils.clip_grad_norm_(self._weights.values(), CLIP_NORM)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            share = 1 - min(AVERAGE_DECAY, (1 + number) / (10 + number))
            torch._foreach_lerp_(list(self._average.values()), list(self._weights.values()), share)
        lost_nats = float(nats)
        if not math.isfinite(lost_nats):
            raise CheckpointError(f"{self._state}: the loss of step {number} is no finite number; train with a lower learning_rate")
        return lost_nats, notes

    def save(self) -> None:
        """Write the state. Raises OSError and SafetensorError where the system refuses."""
        tensors: dict[str, Tensor] = {}
        for name, weight in self._weights.items():
            moments = self._optimizer.state.get(weight, {})
            tensors[f"weight.{name}"], tensors[f"average.{name}"] = weight.detach(), self._average[name]
            for kind, moment in (("mean", "exp_avg"), ("square", "exp_avg_sq")):
                tensors[f"{kind}.{name}"] = moments.get(moment, torch.zeros_like(weight))
        meta = {"standing": json.dumps(asdict(self.standing)), "settings": self._settings}
        with written_whole(self._state) as draft:
            draft.write_bytes(steady(save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, meta)))

    def _restore(self) -> None:
        try:
            with safe_open(self._state, "pt") as file:
                meta = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"{self._state}: cannot be read ({error}); train with --overwrite") from None
        if meta.get("settings") != self._settings:
            raise CheckpointError(f"{self._state}: the run was begun with other settings or data; train with those, or with --overwrite")
        wanted = {f"{kind}.{name}" for name in self._weights for kind in ("weight", "average", "mean", "square")}
        if wanted != tensors.keys():
            raise CheckpointError(f"{self._state}: made for another net; train with --overwrite")
        self.standing = Standing(**json.loads(meta["standing"]))
        with torch.no_grad():
            for name, weight in self._weights.items():
                weight.copy_(tensors[f"weight.{name}"])
                self._average[name].copy_(tensors[f"average.{name}"])
                self._optimizer.state[weight] = {
                    "step": torch.tensor(float(self.standing.step), device=weight.device if self._optimizer.defaults["fused"] else None),
                    "exp_avg": tensors[f"mean.{name}"].to(weight.device),
                    "exp_avg_sq": tensors[f"square.{name}"].to(weight.device),
                }


def begun_with(state: Path) -> str | None:
    """The `settings` of the run that wrote `state`; None where no state can be read."""
    try:
        with safe_open(state, "pt") as file:
            return (file.metadata() or {}).get("settings")
    except (OSError, SafetensorError):
        return None


def held_out_per_note(task: Task[Batch], batches: Iterable[Batch], device: torch.device) -> float:
    """What a task tells of held-out batches, for each note."""
    task.model.eval()
    told, notes = 0.0, 0
    with torch.inference_mode():
        for batch in batches:
            with _autocast(device):
                told += float(task.held_out(batch, slice(None), device))
            notes += task.notes(batch)
    return told / max(1, notes)


def _autocast(device: torch.device) -> torch.autocast | nullcontext[None]:
    """bf16 on a GPU; on a CPU plain single precision, which is faster there."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()
