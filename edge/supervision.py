"""The stages at work: who joins, who hangs, and how all of them end in order."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.bundle.errors import Fatal
from edge import renewal
from edge.frame import Frame
from edge.kafka.consumer import RecordSource
from edge.kafka.producer import RecordSink
from edge.kafka.transactions import TransactionSink
from edge.observe.health import Health
from edge.observe.logs import get_logger
from edge.pipeline import publish
from edge.pipeline.crew import Crew
from edge.pipeline.hands import Hands
from edge.pipeline.outlet import Outlet
from edge.pipeline.poll import PollStage
from edge.rollout import following, rolling
from edge.settings.run import RunSettings

_log = get_logger("service")
_INTERVAL = 0.2
_WITHOUT_FRAMES = {following.NAME, rolling.NAME, renewal.NAME}
"""They have no frame in hand, and may ask a broker that is away, or load an engine, for long."""
_RELIEF_SECONDS = 1.0
_JOINING_INTERVAL = 0.02


@dataclass(frozen=True, slots=True)
class Supervision:
    """Looks after the threads of one stay in the consumer group."""

    settings: RunSettings
    crew: Crew
    health: Health
    hands: Hands
    clock: Callable[[], float]

    def watch(self, source: RecordSource) -> None:
        """Return when the crew is told to stop."""
        self.health.phase = "joining the consumer group"
        while not self.crew.wait(_INTERVAL if self.health.ready else _JOINING_INTERVAL):
            for session, frame in self._stuck().items():
                self._give_up(session, frame)
            if not self.health.ready and source.joined:
                self.health.started = self.health.ready = True
                self.health.phase = "running"
                _log.info("running", group=self.settings.group)

    def finish(
        self, polling: PollStage, publishing: Outlet, sink: RecordSink | TransactionSink
    ) -> None:
        """Let the frames under way come to their outcomes, within the time for it."""
        self.health.ready = False
        self.health.phase = "stopping"
        _log.info("stopping, finishing the frames under way")
        deadline = self.clock() + self.settings.limits.drain_seconds
        polling.withdraw_all()
        stuck = self._stuck().keys()
        idle = {*stuck, *_WITHOUT_FRAMES}
        self.crew.join(deadline - self.clock(), but={publish.NAME, *idle})
        # An engine on trial is relieved by the one before it, whose threads are waited for below.
        left = deadline - self.clock()
        self.crew.join(min(left / 2, _RELIEF_SECONDS), but={publish.NAME, *stuck, following.NAME})
        polling.withdraw_all()
        publishing.finish()
        late = self.crew.join(deadline - self.clock(), but=idle)
        if late:
            publishing.abandon()
            _log.warning("not finished in time, these frames will come again", threads=late)
        polling.finish()
        sink.close()
        self._leave_behind()
        _log.info("stopped")

    def _leave_behind(self) -> None:
        """Whoever is in the midst of a library's work cannot be told to leave it."""
        left = self.crew.join(0.0, but={*self._stuck().keys(), publish.NAME, following.NAME})
        self.crew.left_behind = [name for name in left if name in _WITHOUT_FRAMES]
        if self.crew.left_behind:
            _log.warning("left in the midst of a new engine", threads=self.crew.left_behind)

    def _stuck(self) -> dict[str, Frame]:
        return self.hands.stuck(self.settings.isolation.hang_seconds)

    def _give_up(self, session: str, frame: Frame) -> None:
        """Die of a frame that never comes back, so that the next start tries it alone."""
        seconds, place = self.settings.isolation.hang_seconds, f"{frame.partition}/{frame.offset}"
        _log.error("a session hangs", session=session, frame=place, seconds=seconds)
        self.crew.fail(
            Fatal(
                f"{session} has hung for more than {seconds:g} s at frame {place}: start again, "
                "and it is tried alone in a child process first"
            )
        )
