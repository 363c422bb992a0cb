"""How ages and names are written, and what cannot be one."""

import math
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter, Token, validators

from deploy.bundle import typed
from edge.naming import NAME

_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0}
_TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
_NAME = re.compile(NAME)


def _seconds(_: Any, tokens: Sequence[Token]) -> float:
    """`2s`, `500ms`, or a plain number of seconds.

    Raises:
        ValueError: none of these.
    """
    written = tokens[0].value.strip()
    number = written.rstrip("ms")
    try:
        seconds = float(number) * _UNITS[written[len(number) :]]
    except (ValueError, KeyError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"{written[:40]!r} is not a time such as 2s, 500ms or 1.5")
    return seconds


def _topic(_: type, name: str) -> None:
    if not _TOPIC.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a topic: Kafka takes up to 249 letters, digits, dots, "
            "underscores and hyphens."
        )


def _name(_: type, name: str | None) -> None:
    if name is not None and not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be a name here: up to 100 letters, digits, dots, underscores and "
            "hyphens, the first a letter or a digit."
        )


def _group(_: type, name: str) -> None:
    if not name.strip():
        raise ValueError("A consumer group needs a name, this one is empty.")


Age: TypeAlias = Annotated[float, Parameter(converter=_seconds, validator=validators.Number(gt=0))]
TopicName: TypeAlias = Annotated[str, Parameter(validator=_topic)]
Frames: TypeAlias = Annotated[
    int, Parameter(converter=typed.whole, validator=validators.Number(gte=0))
]
ShareAboveZero: TypeAlias = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))]
NodeName: TypeAlias = Annotated[str, Parameter(validator=_name)]
GroupName: TypeAlias = Annotated[str, Parameter(validator=_group)]
