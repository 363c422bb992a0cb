"""`yardlight-edge capture`: frames from their topic into a folder, for training."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from edge.acls import acls_of
from edge.capture.run import Capture
from edge.capture.settings import CaptureSettings
from edge.kafka.access import insist_on_access
from edge.kafka.reader import TopicReader
from edge.observe.logs import configure_logs
from edge.signals import stop_on_signals


def capture_command(
    *,
    settings: CaptureSettings,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Keep frames with what the service says of them, for `yardlight-train ingest`.

    It reads beside the service and disturbs nobody's offsets. Repetitions are not kept. Ctrl-C ends
    it. Frames show people: the folder is for its owner only.

    Args:
        as_json: print the counts for machines.
    """
    configure_logs("warning", "auto")
    stop, topics = stop_on_signals(), settings.topics
    capture = Capture.of(settings)
    capture.vault.open()
    insist_on_access(settings.kafka, acls_of("capture", topics, ""))
    with TopicReader(settings.kafka) as reader:
        both = (topics.frames_topic, topics.results_topic)
        capture.run(reader.follow(*both, from_start=settings.from_start), stop)
    if as_json:
        sys.stdout.write(json.dumps(asdict(capture.counts)) + "\n")
        return
    counts = capture.counts
    sys.stdout.write(
        f"{settings.to}: {counts.kept} frames kept, {counts.repeated} repeated, "
        f"{counts.not_asked_for} not asked for, {counts.unreadable} unreadable, "
        f"{counts.deleted} deleted\n"
    )
