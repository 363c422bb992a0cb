"""`yardlight-edge`: the streaming service and what runs beside it."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, ArgumentCollection, Parameter, validators

from deploy.bundle.command import DONE, command_line, run_command_line
from deploy.bundle.typed import Positive
from edge import layers
from edge.acls import CONSUMERS, Consumer, acls_of, grants_document, grants_of
from edge.demo import BUNDLE
from edge.guard import end_at_once, ended_if_frozen
from edge.kafka.access import insist_on_access
from edge.kafka.reader import TopicReader
from edge.kafka.topics import DEFAULT_PARTITIONS
from edge.observe.logs import configure_logs
from edge.settings.kafka import KafkaSettings
from edge.settings.run import RunSettings
from edge.settings.topics import TopicSettings
from edge.signals import on_signals, stop_on_signals

if TYPE_CHECKING:
    from edge.service import Service
    from edge.workers.supervisor import Supervisor

app = command_line(
    "yardlight-edge", "Classify camera frames from Kafka, and prove what became of each."
)
topics_app = App(name="topics", help="The topics that Yardlight reads and writes.")
app.command(topics_app)
# By name: `run` need not wait until the others are loaded.
app.command(
    "edge.cameras.command:cameras_command",
    name="cameras",
    help="Put frames into Kafka or into a folder: simulated, images, a video file, RTSP, a webcam.",
)
app.command(
    "edge.doctor.command:doctor_command",
    name="doctor",
    help="Look for what would keep the service from working here, and say what to do about it.",
)
app.command(
    "edge.audit.command:audit_command",
    name="audit",
    help="Recount from the topics alone what became of every frame, or of a range of them.",
)
app.command(
    "edge.replay.command:replay_command",
    name="replay",
    help="Run past frames on another bundle or engine, and compare with what was said live.",
)
app.command(
    "edge.capture.command:capture_command",
    name="capture",
    help="Keep frames with what the service says of them, for `yardlight-train ingest`.",
)
app.command(
    "edge.rollout.command:app",
    name="rollout",
    help="Have every node of a slot fetch, try and run a bundle; how far they are; back.",
)
app.command(
    "edge.dead_letters.command:app",
    name="dead-letters",
    help="Frames that could not be classified: look, put back, delete.",
)

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
    operation = settings.operation
    configure_logs(operation.log_level, operation.log_format)
    service = _service(settings)
    on_signals(service.stop)
    with ended_if_frozen(settings.isolation.hang_seconds):
        service.run()
    if service.left_behind:
        end_at_once(DONE)
    return DONE


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
    from rich.console import Console

    from edge.watch import print_lines, watch

    configure_logs("warning", "auto")
    draw = print_lines if as_json or not sys.stdout.isatty() else watch
    kafka, topics = kafka or KafkaSettings(), topics or TopicSettings()
    insist_on_access(kafka, acls_of("watch", topics, ""))
    with TopicReader(kafka) as reader:
        draw(reader.follow(topics.results_topic, from_start=from_start), Console())


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
    from rich.console import Console

    from edge.cameras.command import parse_size
    from edge.demo.show import Demo, DemoSpec

    configure_logs("error", "auto")
    width, height = parse_size(size)
    spec = DemoSpec(cameras, rate, width, height, seed, seconds, bundle)
    return Demo(spec, stop_on_signals(), Console()).run()


@topics_app.command
def acls(
    *,
    principal: str,
    command: Annotated[Consumer | None, Parameter(name="--for")] = None,
    topics: TopicSettings | None = None,
    group: str = "yardlight",
    as_json: Json = False,
) -> None:
    """Print the rights that the commands need, as words for `kafka-acls.sh`.

    Args:
        principal: who gets them, such as User:yardlight or User:CN=box-7.
        command: the one command that they are for; all if not given.
        group: consumer group of the service.
        as_json: print them for machines.
    """
    consumers = CONSUMERS if command is None else (command,)
    needs = {one: acls_of(one, topics or TopicSettings(), group) for one in consumers}
    if as_json:
        sys.stdout.write(json.dumps(grants_document(needs, principal), indent=2) + "\n")
        return
    for line in grants_of(needs, principal):
        sys.stdout.write(f"{line}\n")


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


def main() -> None:
    sys.exit(run_command_line(app))


def _service(settings: RunSettings) -> "Service | Supervisor":
    """In this process, or in several under this one."""
    if settings.processes.workers > 1:
        from edge.workers.supervisor import Supervisor

        return Supervisor(settings)
    from edge.service import Service

    return Service(settings)


def _print_config() -> int:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("setting", "value", "from")
    for name, value, source in layers.provenance(_arguments[-1]):
        table.add_row(name, escape(value), escape(source))
    Console().print(table)
    return DONE


if __name__ == "__main__":
    main()
