"""What one look at one thing found."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A status with what was looked at, what was found, and what to do about it."""

    check: str
    """A stable name, such as `topic frames`."""
    status: Status
    found: str
    advice: str = ""
    """One sentence; empty where all is well."""


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def warn(check: str, found: str, advice: str) -> Finding:
    """Works, but not as well as it could, or not for long."""
    return Finding(check, "warn", found, advice)


def fail(check: str, found: str, advice: str) -> Finding:
    """The service will not work like this."""
    return Finding(check, "fail", found, advice)
