"""`yardlight-edge`: the streaming service and what runs beside it."""

import signal
import sys
from typing import Annotated

from cyclopts import App, ArgumentCollection, Parameter
from rich.console import Console
from rich.table import Table

from deploy.bundle.command import DONE, command_line, run_command_line
from edge import layers
from edge.observe.logs import configure_logs
from edge.settings import KafkaSettings, Positive, RunSettings, TopicSettings

app = command_line(
    "yardlight-edge", "Classify camera frames from Kafka, and prove what became of each."
)
topics_app = App(name="topics", help="The topics that Yardlight reads and writes.")
app.command(topics_app)

_arguments: list[ArgumentCollection] = []
layers.attach(app, _arguments.append)


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
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run()
    return DONE


@topics_app.command
def create(
    *,
    kafka: KafkaSettings | None = None,
    topics: TopicSettings | None = None,
    partitions: Positive = 4,
    replication: Annotated[int, Parameter()] = -1,
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


def _print_config() -> int:
    table = Table("setting", "value", "from")
    for name, value, source in layers.provenance(_arguments[-1]):
        table.add_row(name, value, source)
    Console().print(table)
    return DONE


if __name__ == "__main__":
    main()
