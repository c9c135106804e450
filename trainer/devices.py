"""What a training run computes on: the device, and the other processes of the run. Knows torch; knows no net and no music."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from shared.errors import ConfigError

# Every batch holds another number of notes, and for every shape that it has seen oneDNN keeps a program of a megabyte or so.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")

DEVICES = ("auto", "cpu", "cuda")
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class World:
    """This process among those that train together: its `rank` of `size`, and its device."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def summed(self, tensors: list[Tensor]) -> None:
        """Add up each of `tensors` over all processes, in place."""
        if self.size > 1:
            flat = torch.cat([tensor.flatten() for tensor in tensors])
            distributed.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in tensors])
            for tensor, part in zip(tensors, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def barrier(self) -> None:
        """Wait for the others."""
        if self.size > 1:
            distributed.barrier()


def find_device(name: str) -> torch.device:
    """The device called `auto`, `cpu` or `cuda`. Raises ConfigError for a device that is not there."""
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device cuda: PyTorch finds no CUDA device here; use --device auto, or install a CUDA build of PyTorch")
    if name not in DEVICES:
        raise ConfigError(f"--device {name}: expected one of {', '.join(DEVICES)}")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")


def processes() -> int:
    """How many processes `torchrun` has started for this run; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def joined(name: str, windows: int) -> Iterator[World]:
    """This process's place in the run: alone, or as `torchrun` tells by its environment variables (NCCL on GPUs, gloo elsewhere).

    `windows`: how many are computed at once, by all processes together. Raises ConfigError where that is less than one for each process,
    and where there are more processes than GPUs.
    """
    device, size = find_device(name), processes()
    if size == 1:
        yield World(0, 1, device)
        return
    if size > windows:
        raise ConfigError(
            f"{size} processes for {windows} windows at once (batch_windows / accumulate) leave some without work; "
            f"start {windows} at most (torchrun --nproc_per_node), or set a lower accumulate"
        )
    if device.type == "cuda":
        place, there = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if place >= there:
            raise ConfigError(f"more processes than the {there} GPUs here; start {there} at most: torchrun --nproc_per_node {there}")
        device = torch.device("cuda", place)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield World(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
