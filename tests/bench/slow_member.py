"""A service in a process of its own, whose engine takes the same time for a frame on any machine.

Run as `python -m tests.bench.slow_member <options of run>`; on SIGTERM it stops cleanly.
"""

import signal
import sys

from cyclopts import App

from edge.observe.logs import configure_logs
from edge.service import Service
from edge.settings.run import RunSettings
from tests.integration.overload import run_slowly
from tests.integration.slow import slow_engine

app = App()


@app.default
def run(*, settings: RunSettings) -> None:
    configure_logs("warning", "text")
    with slow_engine(run_slowly):
        service = Service(settings)
        signal.signal(signal.SIGTERM, lambda *_: service.stop())
        service.run()


if __name__ == "__main__":
    app(sys.argv[1:])
