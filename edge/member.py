"""What a process is called in its group: the same after a restart, and no other's."""

import os
import re
import socket
from dataclasses import replace
from functools import cache
from uuid import uuid4

from edge.settings.rollout import RolloutSettings
from edge.settings.run import RunSettings

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_HOST = 80


def member_name(settings: RunSettings) -> str:
    """The name that was given, else host name and metrics port; without a port that is known
    beforehand the process id, which does not outlive the process.
    """
    port = settings.operation.metrics_port or os.getpid()
    return settings.delivery.member or f"{socket.gethostname()}-{port}"


def node_name(settings: RolloutSettings) -> str:
    """What it is called where roll-outs are told of: the name that was given, else the host's."""
    host = _UNFIT.sub("-", socket.gethostname()).strip("-._")
    return settings.node or host[:_LONGEST_HOST] or "node"


@cache
def instance_name() -> str:
    """Of this process: no two have the same, whatever they are called."""
    return uuid4().hex[:12]


def as_worker(settings: RunSettings, number: int) -> RunSettings:
    """The settings of one worker of this process: it is a member, and a node, of its own."""
    member = f"{member_name(settings)}-worker-{number}"
    node = f"{node_name(settings.rollout)}-worker-{number}"
    return replace(
        settings,
        delivery=replace(settings.delivery, member=member),
        rollout=replace(settings.rollout, node=node),
    )
