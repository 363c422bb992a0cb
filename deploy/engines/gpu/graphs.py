"""The one door to `cuda.bindings`: what was asked of a stream once, asked again in one call.

pycuda has no graphs; both take the same streams. Not proven on a GPU.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from deploy.bundle.errors import Fatal
from deploy.engines.gpu.device import Stream


@dataclass(frozen=True, slots=True)
class Graph:
    """A recorded run."""

    driver: Any = field(repr=False)
    executable: Any = field(repr=False)

    def launch(self, stream: Stream) -> None:
        """Ask for the run. Raises Fatal if the GPU is lost."""
        _check(self.driver, self.driver.cuGraphLaunch(self.executable, stream.handle))

    def close(self) -> None:
        _check(self.driver, self.driver.cuGraphExecDestroy(self.executable))


def available() -> bool:
    """Whether `cuda.bindings` is installed; without it every run is asked for step by step."""
    try:
        import cuda.bindings.driver  # noqa: F401 - asked whether it is there
    except ImportError:
        return False
    return True


def record(stream: Stream, ask: Callable[[], None]) -> Graph:
    """Record what `ask` asks of the stream; it must have been asked once before, and waited for.

    Raises:
        Fatal: something was asked that cannot be recorded.
    """
    from cuda.bindings import driver

    # Of this thread only: others decode meanwhile, and may take memory.
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
    _check(driver, driver.cuStreamBeginCapture(stream.handle, mode))
    try:
        ask()
    finally:
        ended = driver.cuStreamEndCapture(stream.handle)
    graph = _check(driver, ended)
    try:
        return Graph(driver, _check(driver, driver.cuGraphInstantiate(graph, 0)))
    finally:
        _check(driver, driver.cuGraphDestroy(graph))


def _check(driver: Any, answer: tuple[Any, ...]) -> Any:
    error, *values = answer
    if error != driver.CUresult.CUDA_SUCCESS:
        raise Fatal(f"a CUDA graph failed ({error.name}): this process cannot use the GPU any more")
    return values[0] if values else None
