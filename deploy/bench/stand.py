"""A process of its own for each engine that is measured: its memory is nobody else's, and one that
crashes takes no other along.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from deploy.bench import child
from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Bundle
from deploy.engines.measurement import Memory, Run
from deploy.engines.record import Fingerprint

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Stand:
    """An engine in a child process; for `with`. All methods raise Fatal where the child fails."""

    bundle: Bundle
    folder: Path
    made: Fingerprint
    _pool: ProcessPoolExecutor = field(
        # A fork of this process would carry along what it has loaded.
        default_factory=lambda: ProcessPoolExecutor(
            1, get_context("spawn"), child.ignore_interrupts
        )
    )

    def __enter__(self) -> "Stand":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def load(self) -> float:
        """Seconds from the engine's files to a session."""
        made = self.made
        return self._ask(child.load, self.bundle.folder, self.folder, made.kind, made.precision)

    def warm_up(self, batches: Sequence[int]) -> float:
        """Seconds of one run of each batch size."""
        return self._ask(child.warm_up, self._shape, tuple(batches))

    def run(self, batch: int, seconds: float) -> list[Run]:
        """Runs of one batch size for about so long, at least one."""
        return self._ask(child.run, self._shape, batch, seconds)

    def memory(self) -> Memory:
        """What engine and runs have added to the child, and to the GPU."""
        return self._ask(child.memory)

    @property
    def _shape(self) -> tuple[int, int]:
        return self.bundle.manifest.input.width, self.bundle.manifest.input.height

    def _ask(self, step: Callable[..., _T], *arguments: object) -> _T:
        try:
            return self._pool.submit(child.do, step, arguments).result()
        except BrokenProcessPool:
            raise Fatal(f"the process that ran {self.folder} ended in the midst of it") from None
