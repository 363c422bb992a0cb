"""What happens where a frame ends the process that decodes it."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter, validators


@Parameter(name="*", group="Isolation")
@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationSettings:
    """What happens where a frame ends the process that decodes it, or never comes back."""

    isolate_decode: bool = False
    """Decode in sandboxed child processes, one for each session of the engine: for cameras that may
    be hostile. Otherwise only frames that somebody may have died of are tried in a child."""

    hang_seconds: Annotated[float, Parameter(validator=validators.Number(gte=1))] = 30.0
    """Seconds after which a frame that is being decoded, or a batch in the engine, counts as hung.
    The service ends then, and its next start tries the frame in a child."""
