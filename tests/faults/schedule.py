"""Which fault comes when: a function of the seed alone, so that a run can be repeated."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["kill", "stop", "freeze", "broker-kill", "broker-stop"]

KINDS: tuple[Kind, ...] = get_args(Kind)
_WEIGHTS = {"kill": 8, "stop": 4, "freeze": 2, "broker-kill": 1, "broker-stop": 1}
_PAUSES = (3.0, 12.0)
_QUIET_START = 5.0


@dataclass(frozen=True, slots=True)
class Fault:
    at: float
    """Seconds after the beginning."""
    kind: Kind
    member: int
    """Which member it hits; the broker's faults hit all."""


def faults(seed: int, seconds: float, members: int) -> Iterator[Fault]:
    """Faults up to `seconds`, a few seconds apart."""
    random = Random(seed)
    at = _QUIET_START
    while (at := at + random.uniform(*_PAUSES)) < seconds:
        (kind,) = random.choices(KINDS, [_WEIGHTS[kind] for kind in KINDS])
        yield Fault(at, kind, random.randrange(members))
