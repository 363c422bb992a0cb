"""Settings of `yardlight-edge replay`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from deploy.bundle.errors import Fatal
from deploy.bundle.typed import Positive
from edge.settings.engine import EngineSettings
from edge.settings.isolation import IsolationSettings
from edge.settings.kafka import KafkaSettings
from edge.settings.limits import LimitSettings
from edge.settings.topics import TopicSettings
from edge.span import WHOLE, Span

_LIVE = LimitSettings()
_Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """Which frames, on what, where to, and what to compare with."""

    bundle: Path
    """Folder of the bundle to run."""

    into: str | None = None
    """Topic for the classifications, never the live one; without it nothing is written."""

    create_topics: _Flag = False
    """Create the topic of --into if it does not exist."""

    compare: _Flag = False
    """Say what would have changed, against the live outcomes of the same frames."""

    group: str = "yardlight"
    """Consumer group whose live outcomes are compared with; its offsets stay as they are."""

    examples: Positive = 10
    """Most changed frames that are named."""

    max_frame_bytes: Positive = _LIVE.max_frame_bytes
    """Largest encoded frame in bytes, as for the service."""

    max_frame_pixels: Positive = _LIVE.max_frame_pixels
    """Largest picture in pixels, as for the service."""

    top: Positive = _LIVE.top
    """How many labels with their probabilities a classification lists."""

    span: Span = field(default_factory=lambda: WHOLE)
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    isolation: IsolationSettings = field(default_factory=IsolationSettings)

    def check(self) -> None:
        """Refuse what would do nothing, or harm.

        Raises:
            Fatal: says what.
        """
        if self.into is None and not self.compare:
            raise Fatal("give --into TOPIC to keep the classifications, --compare to compare them")
        live = {
            self.topics.frames_topic: "the frames are read from",
            self.topics.results_topic: "the service writes classifications to",
            self.topics.skipped_topic: "the service writes skipped frames to",
            self.topics.dead_letters_topic: "the service writes dead letters to",
            self.topics.models_topic: "roll-outs are ordered on",
            self.topics.models_status_topic: "nodes tell of roll-outs on",
        }
        if self.into in live:
            raise Fatal(f"--into {self.into} is the topic that {live[self.into]}: name another one")
