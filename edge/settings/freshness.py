"""What happens to frames that come late, are too many, or show nothing new."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter, validators

from edge.freshness import AgeFrom
from edge.queueing import Overload
from edge.setting_types import Age


@Parameter(name="*", group="Freshness")
@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessSettings:
    """What happens to frames that come late, that are too many, or that show nothing new."""

    max_age: Age | None = None
    """Age, such as 2s or 500ms, beyond which a frame is skipped as `expired` before it is decoded;
    no limit if not given."""

    age_from: AgeFrom = "record"
    """Where age begins: the `record`'s timestamp, or its `capture` as the camera says."""

    overload: Overload = "block"
    """When frames come faster than the engine runs: `block` keeps all of them and lets lag grow,
    `shed` skips the oldest frame of the busiest camera."""

    gate: bool = False
    """Skip frames that look like the last classified one of their camera, as `gated`."""

    gate_threshold: Annotated[float, Parameter(validator=validators.Number(gt=0, lte=255))] = 8.0
    """Levels, of 255, by which a colour of one of 16 x 16 cells of a picture must differ for the
    frame to be classified; on simulated cameras noise and rain stay below 6, and whoever enters
    makes 20 and more."""
