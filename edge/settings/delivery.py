"""What is promised to those who read the outcomes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cyclopts import Parameter

from deploy.bundle import typed

Delivery: TypeAlias = Literal["at-least-once", "exactly-once"]


@Parameter(name="*", group="Delivery")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """What is promised to those who read the outcomes."""

    delivery: Delivery = "at-least-once"
    """What a crash may do: `at-least-once` may repeat outcomes, recognisably; under `exactly-once`
    outcomes and offsets are one Kafka transaction, and whoever reads with isolation level
    read_committed sees each outcome once."""

    transaction_interval: typed.Seconds = 0.1
    """Least seconds between the beginnings of two transactions; outcomes wait so long at most."""

    member: str = ""
    """Name of this process in the group, for exactly-once: its own among those that run, and the
    same after a restart, so that it takes over at once from itself. Host name and metrics port if
    not given."""
