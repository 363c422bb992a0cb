"""Whether as many workers as are asked for have something to do here."""

from collections.abc import Iterator

from deploy.engines.device import core_count
from edge.doctor.finding import Finding, ok, warn
from edge.kafka.inventory import topic_facts
from edge.settings.kafka import KafkaSettings

_CHECK = "workers"


def check_cores(workers: int) -> Iterator[Finding]:
    """Nothing where one process does all."""
    if workers == 1:
        return
    cores = core_count()
    found = f"{workers}, on {cores} cores"
    if workers > cores:
        advice = f"Set workers to {cores} or less: each needs a core for Kafka alone."
        yield warn(_CHECK, found, advice)
    else:
        yield ok(_CHECK, found)


def check_partitions(kafka: KafkaSettings, frames_topic: str, workers: int) -> Iterator[Finding]:
    """Raises:
    Unavailable: no broker answers.
    """
    if workers == 1:
        return
    partitions = topic_facts(kafka, (frames_topic,))[frames_topic].partitions
    if 0 < partitions < workers:
        yield warn(
            f"partitions of {frames_topic}",
            f"{partitions}, fewer than the {workers} workers: the others have nothing to do",
            f"Give it {workers} partitions or more, or set workers to {partitions}.",
        )
