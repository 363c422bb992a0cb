"""Members of one group under a supervisor that starts again whatever ends, as systemd would."""

import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from edge.settings.delivery import Delivery
from tests.integration.running import Command, member
from tests.integration.world import PARTITIONS, World
from tests.waiting import PATIENCE, wait_until

_PATIENCE = 300.0
"""Seconds: a machine that others use takes long to start so many processes."""
_LAST_LINES = 60


class Fleet:
    """So many members for `with`. All is done by the thread that entered it."""

    def __init__(
        self, world: World, folder: Path, delivery: Delivery, size: int, *more: str
    ) -> None:
        """`more` are words for each member's command line."""
        self._more = more
        self._world = world
        self._folder = folder
        self._delivery = delivery
        self._stack = ExitStack()
        self._members: list[Command | None] = [None] * size
        self._starts = 0
        self.failures: list[str] = []
        """The ends of the logs of members that ended without being asked to."""

    def __enter__(self) -> "Fleet":
        self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            sys.stderr.write(self.said())
        self._stack.close()

    def mend(self) -> None:
        """Start what does not run."""
        for number, running in enumerate(self._members):
            if running is not None and not running.running:
                self.failures.append(f"member {number}: {running.said()[-600:]}")
                running = None  # noqa: PLW2901 - it is replaced
            if running is None:
                self._members[number] = self._start(number)

    def kill(self, number: int) -> None:
        self._end(number, signal.SIGKILL)

    def stop(self, number: int) -> None:
        self._end(number, signal.SIGTERM)

    def freeze(self, number: int, seconds: float) -> None:
        """Stop its clock for longer than its session lasts."""
        running = self._members[number]
        if running is not None and running.running:
            running.process.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            running.process.send_signal(signal.SIGCONT)

    def stop_all(self) -> Sequence[int]:
        """Their exit statuses."""
        for each in self._present:
            each.process.send_signal(signal.SIGTERM)
        return [each.process.wait(PATIENCE) for each in self._present]

    def until_shared(self) -> None:
        """Wait until every member has partitions, and the group is at rest."""

        def owned() -> list[float]:
            return [it.metric("yardlight_partitions_assigned") for it in self._present]

        wait_until(lambda: min(owned()) > 0 and sum(owned()) == PARTITIONS, "sharing", _PATIENCE)

    def metric(self, name: str) -> float:
        """The sum of a metric over all members."""
        return sum(it.metric(name) for it in self._present)

    def all_said(self, text: str) -> bool:
        """Whether the log of each member holds it."""
        return all(it.has_said(text) for it in self._present)

    def until_done(self) -> None:
        """Wait until every frame that was sent is below the committed offsets."""

        def done() -> bool:
            self.mend()
            return self._world.audit().pending == 0

        wait_until(done, "the end of the backlog")

    def said(self) -> str:
        """The ends of all logs, for whoever asks later why it failed."""
        lines = []
        for log in sorted(self._folder.glob("member-*.log")):
            end = log.read_text(encoding="utf-8").splitlines()[-_LAST_LINES:]
            lines += [f"--- {log.name}", *end, ""]
        return "\n".join(lines)

    @property
    def _present(self) -> Sequence[Command]:
        return [member for member in self._members if member is not None]

    def _end(self, number: int, how: signal.Signals) -> None:
        running = self._members[number]
        if running is not None and running.running:
            running.stop(how)
        self._members[number] = None

    def _start(self, number: int) -> Command:
        self._starts += 1
        log = self._folder / f"member-{number}-{self._starts}.log"
        words = ("--delivery", self._delivery, "--member", f"member-{number}", *self._more)
        return self._stack.enter_context(member(self._world, log, *words))
