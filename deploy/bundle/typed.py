"""What may be typed for a setting; everything else is refused before anything starts."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import CoercionError, Parameter, Token
from cyclopts.validators import Number

MOST_FRAMES_IN_ONE_RUN = 1024
"""Every size of batch up to the largest is tried and measured when an engine is built."""


def whole(_: type, tokens: Sequence[Token]) -> int:
    """A whole number; cyclopts itself would round 2.5 to 2."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise CoercionError(token=tokens[0], target_type=int) from None


def _finite(_: type, value: float | None) -> None:
    if value is not None and not math.isfinite(value):
        raise ValueError("Must be a finite number.")


def _folder(_: type, tokens: Sequence[Token]) -> Path:
    if not tokens[0].value:
        raise ValueError("it is empty, expected the path of a folder")
    return Path(tokens[0].value)


def _files(_: type, tokens: Sequence[Token]) -> tuple[Path, ...]:
    names = [name.strip() for token in tokens for name in token.value.split(",")]
    if not all(names):
        raise ValueError("it is empty, expected the path of a file")
    return tuple(map(Path, names))


Positive: TypeAlias = Annotated[int, Parameter(converter=whole, validator=Number(gte=1))]
BatchSize: TypeAlias = Annotated[
    int, Parameter(converter=whole, validator=Number(gte=1, lte=MOST_FRAMES_IN_ONE_RUN))
]
Seconds: TypeAlias = Annotated[float, Parameter(validator=(Number(gte=0), _finite))]
AboveZero: TypeAlias = Annotated[float, Parameter(validator=(Number(gt=0), _finite))]
Folder: TypeAlias = Annotated[Path, Parameter(converter=_folder)]
Files: TypeAlias = Annotated[tuple[Path, ...], Parameter(converter=_files, negative="")]
Fraction: TypeAlias = Annotated[float, Parameter(validator=(Number(gte=0, lte=1), _finite))]
