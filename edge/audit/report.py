"""What a recount found, and what that means."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from edge.audit.runs import Offsets
from edge.audit.tally import Answer
from edge.frame import Partition, Range
from edge.settings.delivery import Delivery

Finding: TypeAlias = Literal["missing", "repeated", "conflicting", "unauditable"]
FINDINGS: tuple[Finding, ...] = ("missing", "repeated", "conflicting", "unauditable")
CLEAN, BROKEN, COULD_NOT_TELL = 0, 1, 3


@dataclass(slots=True)
class PartitionAudit:
    """What the recount found in one partition of the frames topic."""

    partition: Partition
    looked_at: Range
    """The offsets that were asked for."""
    committed: int | None
    """The group's position, None if it never committed one."""
    counts: dict[Answer, int] = field(default_factory=dict)
    missing: Offsets = field(default_factory=Offsets)
    repeated: Offsets = field(default_factory=Offsets)
    conflicting: Offsets = field(default_factory=Offsets)
    unauditable: Offsets = field(default_factory=Offsets)
    pending: int = 0


@dataclass(slots=True)
class AuditReport:
    """The whole recount."""

    group: str
    partitions: list[PartitionAudit] = field(default_factory=list)
    damaged: int = 0
    """Records of the outcome topics that could not be read as outcomes."""
    obstacle: str = ""
    """Why nothing can be told at all, empty if something can."""
    doubts: list[str] = field(default_factory=list)
    """Why some frames could not be audited."""

    def total(self, answer: Answer) -> int:
        return sum(audit.counts.get(answer, 0) for audit in self.partitions)

    def offsets(self, finding: Finding) -> int:
        return sum(len(getattr(audit, finding)) for audit in self.partitions)

    def doubt(self, why: str) -> None:
        """Say once why something could not be audited."""
        if why not in self.doubts:
            self.doubts.append(why)

    @property
    def pending(self) -> int:
        return sum(audit.pending for audit in self.partitions)

    def status(self, delivery: Delivery) -> int:
        """0 clean, 1 broken, 3 could not tell. Repeats break exactly-once only."""
        repeats = self.offsets("repeated") if delivery == "exactly-once" else 0
        if self.offsets("missing") or self.offsets("conflicting") or repeats:
            return BROKEN
        if self.obstacle or self.offsets("unauditable"):
            return COULD_NOT_TELL
        return CLEAN
