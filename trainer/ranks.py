"""Processes that train one network together; `torchrun` starts and numbers them.

The one door to torch.distributed. Alone, every method does what it would do among one.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from deploy.bundle.errors import Fatal


@dataclass(frozen=True, slots=True)
class Ranks:
    device: torch.device
    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """The first speaks, keeps checkpoints and writes the bundle."""
        return self.rank == 0

    def share(self, chosen: torch.Tensor) -> torch.Tensor:
        """This process's part of some pictures; all parts are of one size."""
        return chosen[: len(chosen) // self.count * self.count][self.rank :: self.count]

    def spread(self, network: nn.Module) -> nn.Module:
        """A network whose gradients are the mean over all processes."""
        if self.count == 1:
            return network
        devices = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(network, device_ids=devices)

    def same(self, network: nn.Module) -> None:
        """Weights and statistics as the first has them."""
        if self.count > 1:
            for tensor in (*network.parameters(), *network.buffers()):
                distributed.broadcast(tensor.data, 0)

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes."""
        if self.count == 1:
            return list(values)
        found = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(found)
        summed: list[float] = found.tolist()
        return summed

    def any(self, here: bool) -> bool:
        """Whether it is so in any process: all of them have to ask."""
        return self.sums([float(here)])[0] > 0


@contextmanager
def together(device: str) -> Iterator[Ranks]:
    """Meet the other processes, if torchrun started any.

    Args:
        device: `auto`, `cpu` or `cuda`; auto takes the GPU that torch can use.
    """
    rank, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    kind = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    if kind == "cuda" and not torch.cuda.is_available():
        raise Fatal("--device cuda: torch finds no GPU here; --device auto takes the CPU then")
    if count == 1:
        yield Ranks(torch.device(kind))
        return
    own = torch.device(kind, int(os.environ["LOCAL_RANK"])) if kind == "cuda" else None
    if own is not None:
        torch.cuda.set_device(own)
    distributed.init_process_group("gloo" if own is None else "nccl")
    try:
        yield Ranks(own or torch.device(kind), rank, count)
    finally:
        distributed.destroy_process_group()
