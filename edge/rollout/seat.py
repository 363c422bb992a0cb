"""Which engine works: the one that serves for good, or a candidate on trial."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.provision import Provision
from edge.serving import Serving


@dataclass(slots=True)
class Seat:
    """Changed by one thread at a time. Each change is between two batches, and returns when no
    session of the engine before is used any more.
    """

    serving: Serving
    settled: Provision
    """What serves for good."""
    describe: Callable[[Provision], None]
    """Is told what works from now on."""
    keep: Callable[[Provision], None]
    """Is told what serves for good from now on, and closes what did before."""
    on_trial: Provision | None = field(default=None, init=False)

    @property
    def at_work(self) -> Provision:
        return self.on_trial or self.settled

    def begin(self) -> None:
        self.serving.begin(self.settled, beat=lambda: None)

    def replace(self, provision: Provision, beat: Callable[[], None]) -> None:
        """Another engine serves for good."""
        self.try_out(provision, beat)
        self.settle()

    def try_out(self, provision: Provision, beat: Callable[[], None]) -> None:
        """A candidate works; the engine before it stays ready."""
        self.serving.begin(provision, beat)
        self.on_trial = provision
        self.describe(provision)

    def settle(self) -> None:
        """The candidate serves for good."""
        assert self.on_trial is not None
        self.settled, self.on_trial = self.on_trial, None
        self.keep(self.settled)

    def take_back(self, beat: Callable[[], None]) -> None:
        """The engine before the candidate works again, if one is on trial."""
        if self.on_trial is not None:
            self.serving.begin(self.settled, beat)
            self.on_trial = None
            self.describe(self.settled)
