"""One service in a process of its own, as `yardlight-edge run`, that also keeps exact latencies.

Run as `python -m tests.bench.member TRACE.json <options of run>`; on SIGTERM it stops cleanly and
writes the stages of every classified frame.
"""

import json
import signal
import sys
from pathlib import Path

from cyclopts import App

from edge.observe.logs import configure_logs
from edge.observe.metrics import Metrics
from edge.outcome import Classified, Outcome
from edge.service import Service
from edge.settings.run import RunSettings

app = App()


class TracedMetrics(Metrics):
    """Metrics that also keep the exact stages of each classified frame, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.trace: list[dict[str, float]] = []

    def note_outcome(self, outcome: Outcome) -> None:
        super().note_outcome(outcome)
        if isinstance(outcome, Classified):
            stamps = outcome.frame.stamps
            total = stamps.acknowledged - stamps.appended
            self.trace.append({**stamps.stages(), "total": total})


@app.default
def run(trace: Path, *, settings: RunSettings) -> None:
    configure_logs("warning", "text")
    service = Service(settings)
    metrics = service.metrics = TracedMetrics()
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    service.run()
    trace.write_text(json.dumps(metrics.trace), encoding="utf-8")


if __name__ == "__main__":
    app(sys.argv[1:])
