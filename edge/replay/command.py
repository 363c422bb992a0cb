"""`yardlight-edge replay`: a past range of frames on another bundle or engine."""

import json
import sys
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from edge.bar import shown
from edge.observe.logs import configure_logs
from edge.replay.settings import ReplaySettings
from edge.signals import stop_on_signals


def replay_command(
    *,
    settings: ReplaySettings,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> None:
    """Run past frames again on a bundle or engine, and say what would have changed.

    Nobody's offsets are touched. Classifications go to the topic of --into; frames that cannot be
    classified are counted. Ctrl-C ends it with a report of what was done.

    Args:
        as_json: print the report for machines.
    """
    from edge.replay.run import Rerun
    from edge.replay.text import document_of, print_report

    configure_logs("warning", "auto")
    with shown("frames") as tell:
        rerun = Rerun(settings, stop_on_signals(), tell)
        rerun.run()
    if not rerun.summary.engine:
        raise KeyboardInterrupt  # before there was anything to report
    if as_json:
        document = document_of(rerun.summary, rerun.comparison)
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        print_report(Console(), rerun.summary, rerun.comparison)
    if not rerun.summary.complete:
        raise KeyboardInterrupt
