"""Settings of `yardlight-edge run`: all groups together."""

from dataclasses import dataclass, field

from cyclopts import Parameter

from deploy.bundle import typed
from edge.setting_types import GroupName
from edge.settings.delivery import DeliverySettings
from edge.settings.engine import EngineSettings
from edge.settings.freshness import FreshnessSettings
from edge.settings.isolation import IsolationSettings
from edge.settings.kafka import KafkaSettings
from edge.settings.limits import LimitSettings
from edge.settings.operation import OperationSettings
from edge.settings.processes import ProcessSettings
from edge.settings.rollout import RolloutSettings
from edge.settings.topics import TopicSettings


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings of `yardlight-edge run`."""

    bundle: typed.Folder
    """Folder of the bundle to run."""

    group: GroupName = "yardlight"
    """Consumer group; its members share the partitions of the frames topic."""

    create_topics: bool = False
    """Create topics that do not exist instead of waiting for them."""

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    freshness: FreshnessSettings = field(default_factory=FreshnessSettings)
    isolation: IsolationSettings = field(default_factory=IsolationSettings)
    processes: ProcessSettings = field(default_factory=ProcessSettings)
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    operation: OperationSettings = field(default_factory=OperationSettings)
