"""The process of a worker: a service without a port, which reports to its supervisor.

Its arguments are the number of the socket to talk over, and the supervisor's process id.
"""

import sys
from multiprocessing.connection import Connection

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.errors import YardlightError
from edge.process import end_with


def main() -> None:
    number, parent = map(int, sys.argv[1:])
    end_with(parent)
    sys.exit(_serve(Connection(number)))


def _serve(channel: Connection) -> int:
    # Only now: what is loaded takes a second, in which the supervisor may go.
    from deploy.engines.device import share_cores
    from edge.guard import end_at_once, ended_if_frozen
    from edge.observe.logs import configure_logs
    from edge.service import Service
    from edge.signals import on_signals
    from edge.workers.messages import LONGEST, read_orders
    from edge.workers.reporting import Reporting

    orders = read_orders(channel.recv_bytes(LONGEST))
    settings = orders.settings
    configure_logs(settings.operation.log_level, settings.operation.log_format, orders.number)
    share_cores(orders.number - 1, orders.workers)
    service = Service(settings)
    on_signals(service.stop)
    try:
        with Reporting(channel, service), ended_if_frozen(settings.isolation.hang_seconds):
            service.run_unobserved()
    except (YardlightError, OSError):
        return FAILED  # the last report says why, for the supervisor to pass on
    if service.left_behind:
        end_at_once(DONE)
    return DONE
