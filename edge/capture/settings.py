"""Settings of `yardlight-edge capture`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from deploy.bundle.typed import AboveZero, Positive
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings

_Flag = Annotated[bool, Parameter(negative="")]
_Share = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """Which frames are kept, where, and for how long."""

    to: Path
    """Folder for the frames, CAMERA/TIME.jpg with an annotation each; for its owner only, since
    frames show people."""

    uncertain: _Flag = False
    """Keep only frames whose two highest scores are close (--margin)."""

    margin: _Share = 0.2
    """How close the two highest scores of an uncertain frame are."""

    sample: _Share = 1.0
    """Share of the frames that are kept, spread evenly."""

    unlike: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=255))] = 8.0
    """Levels, of 255, by which a colour of one of 16 x 16 cells must differ from the last frame
    kept of the camera, as for the service's --gate; 0 keeps repetitions too."""

    quota_mb: Positive = 1000
    """Megabytes that the folder may hold; then the oldest frames make room."""

    keep_days: AboveZero = 30.0
    """Days after which a frame is deleted."""

    wait: AboveZero = 10.0
    """Seconds that a frame waits for what the service says; then it is kept without, unless
    --uncertain."""

    count: Positive | None = None
    """Stop after this many frames were kept."""

    seconds: AboveZero | None = None
    """Stop after this many seconds."""

    from_start: _Flag = False
    """Begin with the oldest frames that the topic holds."""

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)
