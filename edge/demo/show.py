"""`yardlight-edge demo`: real parts on one machine, and an account of every frame at the end."""

import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import msgspec
from rich.console import Console
from rich.live import Live

from deploy.bundle.errors import Fatal
from deploy.bundle.start import own_program
from edge.audit.recount import audit
from edge.audit.report import CLEAN, AuditReport
from edge.audit.text import verdict_of
from edge.cameras.pace import Pace
from edge.cameras.picture import Picture
from edge.cameras.publisher import FramePublisher
from edge.cameras.simulation import SimulatedSource
from edge.demo.statistics import Statistics
from edge.demo.view import live_view, print_report
from edge.kafka.embedded import EmbeddedBroker, free_port
from edge.kafka.producer import RecordSink
from edge.kafka.reader import TopicReader
from edge.kafka.topics import TopicAdmin, plan_topics
from edge.layers import bare_environment
from edge.process import TiedProcess
from edge.record import Record
from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings
from edge.watch import REFRESH_A_SECOND, Latest
from edge.wire import read_classification

GROUP = "yardlight-demo"
METRICS_PORT = 9108
_START_SECONDS = 60.0
_LAST_FRAMES_SECONDS = 15.0
_STOP_SECONDS = 15.0
_BROKER_BYTES = 1 << 30
"""The embedded broker never forgets a record, so the demo ends before it eats the machine."""


@dataclass(frozen=True, slots=True)
class DemoSpec:
    """What the demo shows."""

    cameras: int
    rate: float
    width: int
    height: int
    seed: int
    seconds: float | None
    bundle: Path


class Demo:
    """Broker, cameras and service together; `run` shows them until told to stop."""

    def __init__(self, spec: DemoSpec, stop: Event, console: Console) -> None:
        self._spec = spec
        self._stop = stop
        self._console = console
        self._statistics = Statistics()
        self._latest = Latest()
        self._cameras_done = Event()
        self._topics = TopicSettings()

    def run(self) -> int:
        """Show the demo and report; 0 if every frame is accounted for.

        Raises:
            MissingDriver: the embedded broker is not installed.
            Fatal: a part did not start; says which and why.
        """
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yardlight-")))
            broker = stack.enter_context(EmbeddedBroker())
            kafka = KafkaSettings(bootstrap_servers=broker.address)
            with TopicAdmin(kafka) as admin:
                admin.create(plan_topics(self._topics, self._spec.cameras, replication=1))
            service = self._start_service(kafka, folder / "service.log", stack)
            self._show(kafka, broker, service)
            service.process.stop(_STOP_SECONDS)
            report = audit(kafka, self._topics, GROUP)
            return self._conclude(report)

    def _start_service(self, kafka: KafkaSettings, log: Path, stack: ExitStack) -> "_Service":
        port = _metrics_port()
        command = [
            *(*own_program("edge.cli"), "run", "--bundle", str(self._spec.bundle)),
            *("--bootstrap-servers", kafka.bootstrap_servers, "--group", GROUP),
            # The embedded broker takes half a session timeout for a first join.
            *("--session-timeout", "3"),
            # What is shown is how it runs, not how it runs beside a compiler.
            *("--engine-rebuild", "wait"),
            *("--metrics-host", "127.0.0.1", "--metrics-port", str(port)),
        ]
        process = TiedProcess("the service", command, log, bare_environment())
        process.start()
        stack.callback(process.stop, _STOP_SECONDS)
        service = _Service(process, f"http://127.0.0.1:{port}")
        with self._console.status("starting the service (the first time it builds its engine)"):
            process.wait_until(lambda: service.ready or self._stop.is_set(), _START_SECONDS)
        return service

    def _show(self, kafka: KafkaSettings, broker: EmbeddedBroker, service: "_Service") -> None:
        cameras = Thread(target=self._send, args=(kafka,), name="cameras", daemon=True)
        cameras.start()
        metrics = f"{service.url}/metrics"
        with (
            TopicReader(kafka) as reader,
            Live(console=self._console, refresh_per_second=REFRESH_A_SECOND) as live,
        ):
            drawn = 0.0
            for _ in self._watch(reader.follow(self._topics.results_topic, from_start=True)):
                if not service.process.running:
                    raise Fatal(f"the service died:\n{service.process.last_words()}")
                if broker.resident_bytes() > _BROKER_BYTES and not self._stop.is_set():
                    self._console.print("the embedded broker has used up its memory, ending")
                    self._stop.set()
                if time.monotonic() - drawn > 1 / REFRESH_A_SECOND:
                    drawn = time.monotonic()
                    live.update(live_view(self._latest, self._statistics, metrics, time.time()))
        # Off a terminal the last frame of the live view has no end of line.
        self._console.print()
        cameras.join()

    def _send(self, kafka: KafkaSettings) -> None:
        spec = self._spec
        source = SimulatedSource(spec.cameras, spec.rate, spec.width, spec.height, spec.seed)
        pace = Pace(spec.rate * spec.cameras, seconds=spec.seconds)
        sink = RecordSink(kafka, "yardlight-demo-cameras")
        sink.open()
        try:
            publisher = FramePublisher(sink, self._topics.frames_topic)
            publisher.publish(pace.paced(source.pictures(), self._stop.wait), self._note_sent)
        finally:
            sink.close()
            self._cameras_done.set()

    def _note_sent(self, frame_id: str, picture: Picture) -> None:
        self._statistics.note_sent(frame_id, picture.truth)

    def _watch(self, records: Iterator[Record | None]) -> Iterator[None]:
        """Take in classifications until the cameras are done and all frames came back."""
        deadline = float("inf")
        for record in records:
            if record is not None:
                self._note_seen(record)
            yield
            if not self._cameras_done.is_set():
                continue
            deadline = min(deadline, time.monotonic() + _LAST_FRAMES_SECONDS)
            if self._statistics.seen >= self._statistics.sent or time.monotonic() > deadline:
                return

    def _note_seen(self, record: Record) -> None:
        self._latest.note(record)
        try:
            self._statistics.note_seen(read_classification(record.value or b""), time.time())
        except msgspec.MsgspecError:
            return

    def _conclude(self, report: AuditReport) -> int:
        status = report.status("exactly-once")
        print_report(self._console, self._statistics, report, verdict_of(report, "exactly-once"))
        if status == CLEAN and self._statistics.seen < self._statistics.sent:
            lost = self._statistics.sent - self._statistics.seen
            self._console.print(f"{lost} frames were not classified in time")
            return 1
        return status


@dataclass(frozen=True, slots=True)
class _Service:
    process: TiedProcess
    url: str

    @property
    def ready(self) -> bool:
        try:
            url = f"{self.url}/health/ready"
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own service
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP OK
        except (urllib.error.URLError, OSError):
            return False


def _metrics_port() -> int:
    """The usual port if it is free, else any."""
    try:
        return free_port(METRICS_PORT)
    except Fatal:
        return free_port()
