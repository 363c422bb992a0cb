"""What the builder has to say goes where everything of ours goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from deploy.engines.nvidia import trt

if TYPE_CHECKING:
    import tensorrt


def logger(tell: Callable[[str], None], errors: list[str]) -> "tensorrt.ILogger":
    """A logger that tells warnings, and keeps errors for the sentence that we end with."""

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: "tensorrt.ILogger.Severity", msg: str) -> None:
            if severity in {trt.ILogger.Severity.ERROR, trt.ILogger.Severity.INTERNAL_ERROR}:
                errors.append(msg)
            elif severity == trt.ILogger.Severity.WARNING:
                tell(f"builder: {msg}")

    return Logger()
