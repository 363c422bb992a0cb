"""`yardlight-edge`: the streaming service and what runs beside it."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Annotated

from cyclopts import App, ArgumentCollection, Parameter, types, validators
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.bundle.command import DONE, command_line, run_command_line
from edge import layers
from edge.audit import AuditReport, audit
from edge.audit_text import document_of, lines_of, verdict_of
from edge.cameras.command import CameraSettings, parse_size, run_cameras
from edge.demo import BUNDLE
from edge.kafka.reader import TopicReader
from edge.kafka.topics import DEFAULT_PARTITIONS
from edge.observe.logs import configure_logs
from edge.settings import Delivery, KafkaSettings, Positive, RunSettings, TopicSettings

app = command_line(
    "yardlight-edge", "Classify camera frames from Kafka, and prove what became of each."
)
topics_app = App(name="topics", help="The topics that Yardlight reads and writes.")
app.command(topics_app)

Json = Annotated[bool, Parameter("--json", negative="")]
Rate = Annotated[float, Parameter(validator=validators.Number(gt=0))]
Seed = Annotated[int, Parameter(validator=validators.Number(gte=0))]

_arguments: list[ArgumentCollection] = []
layers.attach(app, _arguments.append, without={"demo"})


@app.command
def run(*, settings: RunSettings, show_config: bool = False) -> int:
    """Consume frames, classify them, publish what they show; stop on SIGTERM or Ctrl-C.

    Args:
        show_config: print every setting with its value and where it came from, and exit.
    """
    if show_config:
        return _print_config()
    from edge.service import Service

    operation = settings.operation
    configure_logs(operation.log_level, operation.log_format)
    service = Service(settings)
    _on_signals(service.stop)
    service.run()
    return DONE


@app.command
def cameras(*, settings: CameraSettings | None = None) -> None:
    """Put frames into Kafka or into a folder: simulated, images, a video file, RTSP, a webcam."""
    configure_logs("info", "auto")
    run_cameras(settings or CameraSettings(), _stop_on_signals())


@app.command(name="watch")
def watch_command(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    from_start: bool = False,
    as_json: Json = False,
) -> None:
    """Show the newest classification of each camera, live.

    Args:
        from_start: begin with the oldest classification that is kept.
        as_json: one line of JSON a classification instead of the table.
    """
    from edge.watch import print_lines, watch

    configure_logs("warning", "auto")
    show = print_lines if as_json or not sys.stdout.isatty() else watch
    with TopicReader(kafka or KafkaSettings()) as reader:
        results = (topics or TopicSettings()).results_topic
        show(reader.follow(results, from_start=from_start), Console())


@app.command(name="audit")
def audit_command(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    group: str = "yardlight",
    delivery: Delivery = "exactly-once",
    as_json: Json = False,
    every: Rate | None = None,
    audit_host: str = "0.0.0.0",  # noqa: S104 - Prometheus scrapes from another machine
    audit_port: types.Port = 9109,
) -> int:
    """Recount from the topics alone what became of every frame.

    Exit status: 0 clean, 1 broken (the offsets are named), 3 could not tell.

    Args:
        group: consumer group whose frames are recounted.
        delivery: with at-least-once, repeated outcomes are reported and allowed.
        as_json: print the recount for machines.
        every: recount every so many seconds until stopped, and serve /metrics and /health.
        audit_host: address on which they are served.
        audit_port: port on which they are served; 0 takes a free one and logs it.
    """

    def recount() -> AuditReport:
        return audit(kafka or KafkaSettings(), topics or TopicSettings(), group)

    def show(report: AuditReport) -> None:
        _print_recount(report, delivery, as_json=as_json)

    if every is not None:
        from edge.audit_watch import serve_audit

        configure_logs("info", "auto")
        stop = _stop_on_signals()
        return serve_audit(recount, show, delivery, every, audit_host, audit_port, stop)
    configure_logs("error", "auto")
    report = recount()
    show(report)
    return report.status(delivery)


@app.command
def demo(
    *,
    seconds: Rate | None = None,
    cameras: Positive = 4,
    rate: Rate = 5.0,
    size: str = "640x480",
    seed: Seed = 4711,
    bundle: Path = BUNDLE,
) -> int:
    """Run all of it on this machine: broker, simulated cameras, service, live view, audit.

    Args:
        seconds: end after this long; until Ctrl-C if not given.
        cameras: simulated cameras.
        rate: frames a second of each camera.
        size: WIDTHxHEIGHT of the frames.
        seed: another seed shows other scenes; the demo's model was trained on other ones.
        bundle: bundle to run; the demo's own if not given.
    """
    from edge.demo.show import Demo, DemoSpec

    configure_logs("error", "auto")
    width, height = parse_size(size)
    spec = DemoSpec(cameras, rate, width, height, seed, seconds, bundle)
    return Demo(spec, _stop_on_signals(), Console()).run()


@topics_app.command
def create(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    partitions: Positive = DEFAULT_PARTITIONS,
    replication: int = -1,
) -> None:
    """Create the topics that do not exist yet.

    Args:
        partitions: partitions of each topic; no more members of a group than that can work.
        replication: copies of each partition; -1 takes the cluster's default.
    """
    from edge.kafka.topics import TopicAdmin, plan_topics

    plans = plan_topics(topics or TopicSettings(), partitions, replication)
    with TopicAdmin(kafka or KafkaSettings()) as admin:
        made = admin.create(plans)
    for plan in plans:
        state = "created" if plan.name in made else "exists"
        sys.stdout.write(f"{plan.name}: {state}\n")


def _print_recount(report: AuditReport, delivery: Delivery, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(document_of(report, delivery), indent=2) + "\n")
    else:
        for line in [*lines_of(report), verdict_of(report, delivery)]:
            sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    sys.exit(run_command_line(app))


def _on_signals(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())


def _stop_on_signals() -> Event:
    stop = Event()
    _on_signals(stop.set)
    return stop


def _print_config() -> int:
    table = Table("setting", "value", "from")
    for name, value, source in layers.provenance(_arguments[-1]):
        table.add_row(name, escape(value), escape(source))
    Console().print(table)
    return DONE


if __name__ == "__main__":
    main()
