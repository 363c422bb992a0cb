"""What a process is called in its group: the same after a restart, and no other's."""

import os
import socket
from dataclasses import replace

from edge.settings.run import RunSettings


def member_name(settings: RunSettings) -> str:
    """The name that was given, else host name and metrics port; without a port that is known
    beforehand the process id, which does not outlive the process.
    """
    port = settings.operation.metrics_port or os.getpid()
    return settings.delivery.member or f"{socket.gethostname()}-{port}"


def as_worker(settings: RunSettings, number: int) -> RunSettings:
    """The settings of one worker of this process: it is a member of its own."""
    name = f"{member_name(settings)}-worker-{number}"
    return replace(settings, delivery=replace(settings.delivery, member=name))
