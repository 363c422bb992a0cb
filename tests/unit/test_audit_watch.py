"""An auditor that keeps recounting shows its newest verdict, whatever it was."""

from threading import Event

from deploy.bundle.errors import Unavailable
from edge.audit.report import BROKEN, CLEAN, COULD_NOT_TELL, AuditReport, PartitionAudit
from edge.audit.runs import offsets_of
from edge.audit.tally import Answer
from edge.audit.watch import keep_auditing
from edge.bar import Watch
from edge.frame import Partition, Range
from edge.observe.audit_metrics import STATES, AuditMetrics

NOW = 1_790_000_000.0
AT = Partition("frames", 0)
ALL = Range(0, 9)
LOST = offsets_of([Range(3, 5)])
GOOD = AuditReport("yard", [PartitionAudit(AT, ALL, 9, {Answer.CLASSIFIED: 9})])
LOSS = AuditReport("yard", [PartitionAudit(AT, ALL, 9, {Answer.CLASSIFIED: 7}, missing=LOST)])
Recount = AuditReport | Unavailable


class Auditor:
    """Recounts what it is told to, then stops."""

    def __init__(self, *recounts: Recount) -> None:
        self.metrics = AuditMetrics()
        self.shown: list[AuditReport] = []
        self._recounts = list(recounts)
        self._stop = Event()

    def run(self) -> int:
        return keep_auditing(
            self._recount,
            self.shown.append,
            "exactly-once",
            0.0,
            self.metrics,
            self._stop,
            lambda: NOW,
        )

    def _recount(self, watch: Watch) -> AuditReport:
        watch(0, 1)
        report = self._recounts.pop(0)
        if not self._recounts:
            self._stop.set()
        if isinstance(report, Unavailable):
            raise report
        return report

    def state(self) -> str:
        values = {state: self.value("state", state=state) for state in STATES}
        (state,) = [state for state, value in values.items() if value == 1.0]
        return state

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"yardlight_audit_{name}", labels)


def test_whoever_stops_need_not_wait_for_the_end_of_a_recount() -> None:
    stop, metrics = Event(), AuditMetrics()

    def recount(watch: Watch) -> AuditReport:
        stop.set()
        watch(1, 1_000_000)
        raise AssertionError("it went on")

    assert keep_auditing(recount, print, "exactly-once", 60.0, metrics, stop) == COULD_NOT_TELL


def test_a_loss_is_broken_and_its_frames_are_counted() -> None:
    auditor = Auditor(GOOD, LOSS)
    assert auditor.run() == BROKEN
    assert auditor.state() == "broken"
    assert auditor.value("frames", finding="missing") == 2.0
    assert auditor.value("frames", finding="classified") == 7.0
    assert auditor.value("timestamp_seconds") == NOW


def test_a_loss_that_was_mended_is_clean_again() -> None:
    auditor = Auditor(LOSS, GOOD)
    assert auditor.run() == CLEAN
    assert auditor.state() == "clean"
    assert auditor.value("frames", finding="missing") == 0.0


def test_a_broker_that_does_not_answer_is_no_verdict_and_no_end() -> None:
    auditor = Auditor(Unavailable("nobody listens"), GOOD, Unavailable("nobody listens"))
    assert auditor.run() == COULD_NOT_TELL
    assert auditor.state() == "could-not-tell"
    assert auditor.shown == [GOOD]


def test_before_the_first_recount_there_is_no_verdict() -> None:
    metrics = AuditMetrics()
    values = [metrics.registry.get_sample_value("yardlight_audit_state", {"state": state})
              for state in STATES]  # fmt: skip
    assert values == [0.0, 0.0, 0.0]
