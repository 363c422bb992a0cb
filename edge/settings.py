"""Every setting of the service: what it does, its unit, and why its default is what it is.

A docstring below a field is its help text on the command line and in the reference.
"""

from collections import Counter
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter, types, validators

from deploy.bundle import typed
from deploy.bundle.pixels import Limits
from deploy.engines.catalogue import DEFAULT_MAX_BATCH, Choice
from deploy.engines.protocol import Precision
from edge.freshness import AgeFrom
from edge.queueing import Overload
from edge.setting_types import Age, GroupName, TopicName

Protocol: TypeAlias = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Delivery: TypeAlias = Literal["at-least-once", "exactly-once"]
Rebuild: TypeAlias = Literal["background", "wait", "never"]
Mechanism: TypeAlias = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
Positive: TypeAlias = typed.Positive
Seconds: TypeAlias = typed.Seconds


@Parameter(name="*", group="Kafka")
@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """How Kafka is reached."""

    bootstrap_servers: str = "localhost:9092"
    """Brokers to ask first, HOST:PORT, several separated by commas."""

    security_protocol: Protocol = "PLAINTEXT"
    """How connections are protected and authenticated."""

    ssl_cafile: Path | None = None
    """PEM file with the authorities that signed the brokers' certificates."""

    ssl_certfile: Path | None = None
    """PEM file with this client's certificate, for mutual TLS."""

    ssl_keyfile: Path | None = None
    """PEM file with this client's private key, for mutual TLS."""

    ssl_key_password_file: Path | None = None
    """File with the password of the private key, where that is encrypted."""

    sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    """How the user is authenticated where the protocol is SASL_*."""

    sasl_username: str | None = None
    """User name for PLAIN and SCRAM."""

    sasl_password_file: Path | None = None
    """File with the password for PLAIN and SCRAM; a password never stands on a command line."""

    sasl_token_file: Path | None = None
    """File with the token for OAUTHBEARER, which somebody else renews."""

    sasl_token_url: str | None = None
    """Where a token for OAUTHBEARER is asked for with client credentials, instead of a file."""

    sasl_client_id: str | None = None
    """Client id for the token endpoint."""

    sasl_client_secret_file: Path | None = None
    """File with the client's secret for the token endpoint."""

    sasl_scope: str | None = None
    """Scope of the token, where the endpoint wants one."""

    session_timeout: Annotated[float, Parameter(validator=validators.Number(gte=1, lte=1800))] = (
        10.0
    )
    """Seconds after which the group gives the partitions of a silent member to the others, at least
    1 (it takes more than one heartbeat); most brokers allow no less than 6."""

    @property
    def servers(self) -> list[str]:
        return [server.strip() for server in self.bootstrap_servers.split(",") if server.strip()]


def _all_different(_: type, topics: "TopicSettings | None") -> None:
    """The service would read what it writes, for ever."""
    if topics is None:
        return
    ((name, times),) = Counter(astuple(topics)).most_common(1)
    if times > 1:
        raise ValueError(
            f"Frames, classifications, dead letters and skipped frames need a topic each; {name!r} "
            f"stands for {times} of them."
        )


@Parameter(name="*", group="Topics", validator=_all_different)
@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """Names of the topics."""

    frames_topic: TopicName = "frames"
    """Where encoded frames are read."""

    results_topic: TopicName = "classifications"
    """Where classifications are written."""

    dead_letters_topic: TopicName = "frames.dead-letters"
    """Where frames go that can never be classified, with the reason."""

    skipped_topic: TopicName = "frames.skipped"
    """Where frames are recorded that were not classified on purpose."""


@Parameter(name="*", group="Delivery")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """What is promised to those who read the outcomes."""

    delivery: Delivery = "at-least-once"
    """What a crash may do: `at-least-once` may repeat outcomes, recognisably; under `exactly-once`
    outcomes and offsets are one Kafka transaction, and whoever reads with isolation level
    read_committed sees each outcome once."""

    transaction_interval: Seconds = 0.1
    """Least seconds between the beginnings of two transactions; outcomes wait so long at most."""

    member: str = ""
    """Name of this process in the group, for exactly-once: its own among those that run, and the
    same after a restart, so that it takes over at once from itself. Host name and metrics port if
    not given."""


@Parameter(name="*", group="Model")
@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """Which compiled engine runs the bundle."""

    engine: Choice = "auto"
    """Engine to run; `auto` takes the best that this machine has and says why."""

    precision: Precision = "fp32"
    """Arithmetic of the engine."""

    max_batch: typed.BatchSize = DEFAULT_MAX_BATCH
    """Most frames in one run of the engine."""

    engine_cache: typed.Folder = field(
        default_factory=lambda: Path.home() / ".cache/yardlight/engines"
    )
    """Folder for engines that are built on this machine."""

    build: bool = True
    """Build a missing engine; `--no-build` is the same as `--engine-rebuild never`."""

    engine_rebuild: Rebuild = "background"
    """What happens where no engine fits: `background` builds one while the best that does fit
    serves, `wait` builds it before anything is served, `never` refuses to start."""

    trust: typed.Files = ()
    """Public keys, of which one must have signed the bundle and every engine that came with it;
    several by commas, or given again and again. Without any, nobody's signature is asked for."""

    accept_unproven_engine: bool = False
    """Run an engine whose certificate failed or was edited: its answers may differ from those of
    the model."""

    @property
    def may_build(self) -> bool:
        return self.build and self.engine_rebuild != "never"


@Parameter(name="*", group="Limits")
@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """What a frame may cost and how much is held in memory."""

    max_frame_bytes: Positive = Limits().max_bytes
    """Largest encoded frame in bytes; a larger one is dead-lettered."""

    max_frame_pixels: Positive = Limits().max_pixels
    """Largest picture in pixels; a larger one is dead-lettered before it is decoded."""

    queue_frames: Positive = 128
    """Most frames that wait for the engine; beyond it partitions are paused."""

    queue_bytes: Positive = 64 << 20
    """Most bytes that wait for the engine; beyond it partitions are paused."""

    latency_budget: Seconds = 0.25
    """Seconds from polled to classified that a batch should not exceed; bounds its size."""

    drain_seconds: Seconds = 5.0
    """Seconds for frames in flight to finish when the service stops."""

    top: Positive = 5
    """How many labels with their probabilities a classification lists."""


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


@Parameter(name="*", group="Operation")
@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSettings:
    """How the service is watched."""

    metrics_host: str = "0.0.0.0"  # noqa: S104 - Prometheus scrapes from another machine
    """Address on which /metrics and /health are served."""

    metrics_port: types.Port = 9108
    """Port for /metrics and /health; 0 takes a free one and logs it."""

    camera_metrics: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0
    """How many cameras get metrics of their own, the first ones seen; 0 is none, since each costs
    two series."""

    latency_target: Seconds = 1.0
    """Seconds from appended to acknowledged that 99 of 100 frames should keep to; nothing changes
    by it but an alert."""

    trace_endpoint: str | None = None
    """Where traces of frames are sent by OTLP over HTTP, such as http://collector:4318/v1/traces;
    needs the extra 'otel'."""

    trace_share: Annotated[float, Parameter(validator=validators.Number(gte=0, lte=1))] = 0.0
    """Share of the frames without a `traceparent` that are traced, 0 to 1; where a frame has one,
    that says whether it is traced."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severity that is logged."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """How logs are written to stderr; `auto` is text on a terminal and JSON elsewhere."""


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
    operation: OperationSettings = field(default_factory=OperationSettings)
