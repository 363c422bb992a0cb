"""What a node does about a roll-out, from the wish to the end of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.manifest import Bundle, Vouch
from edge.observe.logs import get_logger
from edge.pipeline.crew import Crew
from edge.provision import Provision, provide_engine
from edge.rollout.fetching import Fetching, Stopped
from edge.rollout.node import Node
from edge.rollout.refusals import sentence_of
from edge.rollout.retrying import Retrying
from edge.rollout.seat import Seat
from edge.rollout.start import Home
from edge.rollout.store import KEEP_SECONDS
from edge.rollout.telling import Telling
from edge.rollout.trial import Trial
from edge.rollout.words import Desired, Figures, State
from edge.sessions import Sessions
from edge.settings.engine import EngineSettings

_log = get_logger("rollout")
NAME = "rollout"
_LOOK_SECONDS = 0.2
_NICENESS = 10
"""Of the builder: who serves goes first."""


@dataclass(slots=True)
class Rolling:
    """A thread of the crew. Whatever becomes of a roll-out, the service goes on."""

    node: Node
    home: Home
    engine: EngineSettings
    vouch: Vouch
    seat: Seat
    trial: Trial
    sessions: Sessions
    telling: Telling
    crew: Crew
    over: Event
    """Set at the end of this stay in the consumer group; the crew may go on to another."""
    renewed: Callable[[], bool]
    """Whether no other engine is being built for the bundle that serves."""
    _keep_at: float = 0.0

    def run(self) -> None:
        self.trial.open()
        self.telling.tell(self.node)
        try:
            while not self._wait(_LOOK_SECONDS):
                if time.monotonic() > self._keep_at:
                    self._keep()
                if (desired := self.node.wanted) is not None:
                    self._roll_out(desired)
        finally:
            self.telling.close()

    def _pause(self, seconds: float, figures: Figures) -> None:
        """Wait, and say how it goes.

        Raises:
            Stopped: the service stops, or something newer is wanted.
        """
        self.telling.tell(self.node, figures)
        if self._stopping(seconds):
            raise Stopped

    def _roll_out(self, desired: Desired) -> None:
        begun = self.node.begin(desired)
        self._remember()
        self.telling.tell(self.node)
        if not begun:
            return
        try:
            self._go_through(desired)
        except Stopped:
            self.node.lay_aside()
        except Exception as error:  # noqa: BLE001 - whatever a bundle can provoke in a driver
            self._give_up(error)
        self._remember()

    def _go_through(self, desired: Desired) -> None:
        if desired.digest == self.seat.settled.bundle.digest:
            self.node.serve_on()
            self.telling.tell(self.node)
            return
        # Gigabytes are hashed, and an engine is loaded, without a sign of life.
        with self.crew.excused(NAME):
            bundle = self._fetch(desired)
            self._enter("building")
            candidate = self._build(bundle)
        try:
            self._try(desired, candidate)
        finally:
            if self.seat.settled is not candidate:
                candidate.engine.close()

    def _fetch(self, desired: Desired) -> Bundle:
        fetching = Fetching(
            self.home.store, self.vouch, self._stopping, lambda: self._enter("verifying")
        )
        retrying = Retrying()
        while True:
            self._keep()
            try:
                return fetching.fetch(desired.place)
            except Unavailable as error:
                seconds = retrying.failed(self.home.store.came(desired.digest))
                if seconds is None:
                    raise Fatal(f"{error}; given up: {retrying.text()}") from error
                said = f"{sentence_of(error)}; {retrying.text()}, again in {seconds:g} s"
                self._enter("fetching", said)
                if self._stopping(seconds):
                    raise Stopped from None

    def _build(self, bundle: Bundle) -> Provision:
        """One engine is built at a time: this one after that which the service still waits for."""
        while not self.renewed():
            if self._stopping(_LOOK_SECONDS):
                raise Stopped
        candidate = provide_engine(bundle, self.engine, self._stopping, niceness=_NICENESS)
        if candidate is None:
            raise Stopped
        if self._stopping(0.0):
            candidate.engine.close()
            raise Stopped
        return candidate

    def _try(self, desired: Desired, candidate: Provision) -> None:
        if desired.shadow.frames:
            self._enter("shadowing")
            beside = self.sessions.beside(candidate, NAME)
            verdict, figures = self.trial.shadow(desired, candidate, beside, self._pause)
            if verdict.broken:
                self._enter("rolled-back", f"in the shadow: {verdict.broken}", figures)
                return
        self._enter("watching")
        verdict, figures = self.trial.watch(desired, candidate, self._pause, self._beat)
        if verdict.broken:
            self._enter("rolled-back", f"at work: {verdict.broken}", figures)
        else:
            self._enter("serving", "", figures)

    def _give_up(self, error: Exception) -> None:
        _log.error("a roll-out failed", error=sentence_of(error))
        if self.node.under_way:
            self._enter("failed", sentence_of(error))

    def _enter(self, state: State, reason: str = "", figures: Figures | None = None) -> None:
        self.node.enter(state, reason)
        self.telling.tell(self.node, figures)

    def _stopping(self, seconds: float) -> bool:
        """Wait; whether to leave the roll-out that is under way."""
        return self._wait(seconds) or self.node.overtaken

    def _wait(self, seconds: float) -> bool:
        """In steps, so that somebody hears of us; whether the service stops."""
        left = seconds
        while True:
            self.crew.beat(NAME)
            self.telling.again(self.node)
            self.crew.wait(min(left, _LOOK_SECONDS))
            if self.crew.stopping or self.over.is_set():
                return True
            if left <= _LOOK_SECONDS:
                return False
            left -= _LOOK_SECONDS

    def _beat(self) -> None:
        self.crew.beat(NAME)

    def _keep(self) -> None:
        self._keep_at = time.monotonic() + KEEP_SECONDS
        self.home.store.keep(self.home.node)

    def _remember(self) -> None:
        try:
            self.home.store.remember(self.home.node, self.node.memory)
        except OSError as error:
            _log.error("a restart will not know of this roll-out", error=str(error))
