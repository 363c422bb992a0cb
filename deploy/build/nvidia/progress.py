"""How far the builder is, and the way to stop it."""

from collections.abc import Callable
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeAlias

from deploy.engines.nvidia import trt

if TYPE_CHECKING:
    import tensorrt

Step: TypeAlias = Callable[[str, int, int], None]
"""Is told a phase, how many of its steps are done, and how many there are."""


def monitor(on_step: Step, cancelled: Event) -> "tensorrt.IProgressMonitor":
    """A progress monitor. The builder calls it from several threads and gives up once it is told
    False; an exception out of it would end the process, so there is none.
    """

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            # pybind11 needs the base's own initialiser, called by name.
            trt.IProgressMonitor.__init__(self)
            self.totals = dict[str, int]()
            self.lock = Lock()

        def phase_start(self, phase_name: str, parent_phase: str, num_steps: int) -> None:
            del parent_phase
            with self.lock:
                self.totals[phase_name] = num_steps
                on_step(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            with self.lock:
                on_step(phase_name, step + 1, self.totals.get(phase_name, 0))
            return not cancelled.is_set()

        def phase_finish(self, phase_name: str) -> None:
            with self.lock:
                total = self.totals.pop(phase_name, 0)
                on_step(phase_name, total, total)

    return Monitor()
