"""Nested values as lines that people read: `data.train.vehicle` and what it is."""

from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = 8


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Each value with the path that leads to it, in the order of the mapping."""
    for name, value in values.items():
        path = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{path}.")
        else:
            yield path, _said(value)


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        shown = ", ".join(map(_said, value[:_SHOWN]))
        return f"{shown} … {len(value)} in all" if len(value) > _SHOWN else shown or "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value in ("", {}) else str(value)
