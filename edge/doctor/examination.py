"""All checks, in the order in which one thing rests on another."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from deploy.bundle.errors import YardlightError
from edge.acls import Consumer
from edge.doctor.access import check_access
from edge.doctor.brokers import check_brokers
from edge.doctor.clock import check_clock
from edge.doctor.engines import check_engines
from edge.doctor.finding import Finding, fail
from edge.doctor.machine import check_machine
from edge.doctor.port import check_port
from edge.doctor.rollout import check_bundles, check_models
from edge.doctor.secrets import check_secrets
from edge.doctor.topics import check_topics
from edge.doctor.workers import check_cores, check_partitions
from edge.settings.engine import EngineSettings
from edge.settings.kafka import KafkaSettings
from edge.settings.limits import LimitSettings
from edge.settings.operation import OperationSettings
from edge.settings.processes import ProcessSettings
from edge.settings.rollout import RolloutSettings
from edge.settings.topics import TopicSettings


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorSettings:
    """Those of `yardlight-edge run`, of which the bundle may be left out."""

    bundle: Path | None = None
    """Folder of the bundle that would run; without it engines are not looked at."""

    group: str = "yardlight"
    """Consumer group of the service."""

    command: Annotated[Consumer, Parameter(name="--for")] = "run"
    """The command whose rights on Kafka are checked."""

    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    topics: TopicSettings = field(default_factory=TopicSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    processes: ProcessSettings = field(default_factory=ProcessSettings)
    rollout: RolloutSettings = field(default_factory=RolloutSettings)
    operation: OperationSettings = field(default_factory=OperationSettings)


def examine(settings: DoctorSettings, wall: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Findings as they are made. Kafka's topics are asked for only where a broker can be used."""
    workers = settings.processes.workers
    yield from check_machine(settings.engine)
    yield from check_cores(workers)
    yield from check_engines(settings.engine, settings.bundle)
    yield from check_bundles(settings.rollout)
    yield from check_port(settings.operation)
    kafka, topics = settings.kafka, settings.topics
    usable = True
    for finding in check_secrets(kafka):
        usable = usable and finding.status != "fail"
        yield finding
    if not usable:
        return
    brokers = list(check_brokers(kafka))
    yield from brokers
    if not any(it.check.startswith("broker ") and it.status == "ok" for it in brokers):
        return
    bytes_ = settings.limits.max_frame_bytes
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "clock": lambda: check_clock(kafka, wall),
        "rights": lambda: check_access(kafka, topics, settings.group, settings.command),
        "topics": lambda: check_topics(kafka, topics, bytes_),
        "partitions": lambda: check_partitions(kafka, topics.frames_topic, workers),
        "roll-outs": lambda: check_models(kafka, topics, settings.rollout),
    }
    for name, check in checks.items():
        yield from _patiently(name, check)


def _patiently(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except YardlightError as error:
        yield fail(name, str(error), "Ask again; if it stays so, see the broker's own log.")
