"""How a rerun went."""

from collections import Counter
from dataclasses import dataclass, field

from edge.outcome import Classified, DeadLettered, Outcome, Skipped


@dataclass(slots=True)
class Summary:
    """Counted outcome by outcome."""

    engine: str
    """Bundle, engine and precision."""
    into: str | None
    """The topic that classifications were written to, if any."""
    classified: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    """Frames that would have been dead-lettered, by reason."""
    written: int = 0
    complete: bool = False
    """Whether the end of the range was reached."""

    @property
    def frames(self) -> int:
        return self.classified + self.dead.total()

    def note(self, outcome: Outcome) -> None:
        match outcome:
            case Classified():
                self.classified += 1
            case Skipped():
                raise AssertionError(f"a rerun skips nothing: {outcome.reason}")
            case DeadLettered():
                self.dead[outcome.reason] += 1
