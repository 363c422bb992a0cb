"""Plain data as YAML: mappings, lists and scalars, in the order that they have."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Plain: TypeAlias = "Mapping[str, Plain] | Sequence[Plain] | str | int | float | bool"
_INDENT = "  "


def document(data: Plain, comment: str) -> str:
    """A whole file, with a comment on top."""
    return "\n".join([f"# {comment}", *_lines(data, "")]) + "\n"


def _lines(data: Plain, indent: str) -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _entry(f"{indent}{key}:", value, indent + _INDENT)
    elif isinstance(data, Sequence) and not isinstance(data, str):
        for item in data:
            first, *rest = _lines(item, indent + _INDENT) if _nested(item) else [_scalar(item)]
            yield f"{indent}- {first.strip()}"
            yield from rest


def _entry(head: str, value: Plain, indent: str) -> Iterator[str]:
    if not _nested(value):
        yield f"{head} {_scalar(value)}"
    elif not value:
        yield f"{head} " + ("{}" if isinstance(value, Mapping) else "[]")
    else:
        yield head
        yield from _lines(value, indent)


def _nested(data: Plain) -> bool:
    return isinstance(data, Mapping) or (isinstance(data, Sequence) and not isinstance(data, str))


def _scalar(data: Plain) -> str:
    """As JSON writes it, which YAML reads too; in single quotes where that spares backslashes."""
    if isinstance(data, str) and '"' in data and "\n" not in data:
        return "'" + data.replace("'", "''") + "'"
    return json.dumps(data, ensure_ascii=False)
