"""The engine that is wanted is built while another serves, and takes over when it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from deploy.bundle.errors import YardlightError
from deploy.engines.record import Fingerprint
from edge.building import build
from edge.observe.health import Health
from edge.observe.logs import get_logger
from edge.pipeline.crew import Crew
from edge.provision import Provision, load
from edge.shelf import Shelf

_log = get_logger("engine")
NAME = "renewal"


@dataclass(frozen=True, slots=True)
class Renewal:
    """A thread of the crew; a build that fails leaves the service as it is."""

    shelf: Shelf
    wanted: Fingerprint
    fallback: bool
    crew: Crew
    health: Health
    take_over: Callable[[Provision], None]
    """Has the engine serve; returns when the one before is at rest."""
    left: Event
    """Set at the end of this stay in the consumer group; the crew may go on to another."""
    over: Event = field(default_factory=Event)
    """Set once it has taken over, or never will."""

    def start(self) -> None:
        self._tell("starting")
        self.crew.start(NAME, self._run)

    def _run(self) -> None:
        try:
            if build(self.shelf, self.wanted, self._stopping, self._tell):
                self._change_over()
        except (YardlightError, OSError) as error:
            self.health.building = f"{self._name} is missing: {error}"
            _log.error("the engine that runs goes on", wanted=self._name, error=str(error))
        finally:
            self.over.set()

    def _change_over(self) -> None:
        with self.crew.excused(NAME):
            engine, record, folder = load(self.shelf, self.wanted)
        if self._stopping(0.0):
            engine.close()
            return
        try:
            self.take_over(Provision(self.shelf.bundle, engine, record, folder, self.fallback))
        except YardlightError:
            engine.close()
            raise
        self.health.building = ""
        _log.info("the engine that was built has taken over", digest=record.digest)

    def _stopping(self, seconds: float) -> bool:
        self.crew.beat(NAME)
        return self.crew.wait(seconds) or self.left.is_set()

    def _tell(self, line: str) -> None:
        self.health.building = f"building {self._name} meanwhile: {line}"

    @property
    def _name(self) -> str:
        return f"engine {self.wanted.kind} {self.wanted.precision}"
