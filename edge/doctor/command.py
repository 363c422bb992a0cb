"""`yardlight-edge doctor`."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from edge.doctor.examination import DoctorSettings, examine
from edge.doctor.report import show, show_json
from edge.observe.logs import configure_logs


def doctor_command(
    *,
    settings: DoctorSettings | None = None,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Look for what would keep the service from working here, and say what to do about it.

    Nothing is written, neither to Kafka nor to the disk. Exit status: 0 nothing failed (warnings
    are allowed), 1 something did.

    Args:
        as_json: print the findings for machines.
    """
    configure_logs("error", "auto")
    report = show_json if as_json else show
    return report(examine(settings or DoctorSettings()), Console())
