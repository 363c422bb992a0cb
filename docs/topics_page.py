"""docs/topics.md: the AsyncAPI document as a page to read."""

from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]

_INTRODUCTION = """\
# Topics

What is read and written, with the default names. Records are keyed by camera id; `models` by slot,
and `models.status` by slot/node ([rollout.md](rollout.md)). The same for machines:
[AsyncAPI](topics/asyncapi.json), and JSON Schemas of the JSON topics
([classification](topics/classification.schema.json), [skipped](topics/skipped.schema.json),
[desired](topics/desired.schema.json), [node status](topics/nodestatus.schema.json)).

This page is written by `make schemas` from the types that are put on the wire.
"""


def topics_page(asyncapi: Document) -> str:
    """The page as Markdown."""
    lines = [_INTRODUCTION]
    for channel in asyncapi["channels"].values():
        lines += [f"## `{channel['address']}`", "", channel["description"], ""]
        for reference in channel["messages"].values():
            lines += _message(asyncapi, _resolved(asyncapi, reference))
    return "\n".join(lines)


def _message(document: Document, message: Document) -> Iterator[str]:
    if "description" in message:
        yield from (f"Value: {message['description']}.", "")
    payload = _resolved(document, message["payload"])
    if "properties" in payload:
        yield from _fields(document, payload, "field", ())
        yield ""
    headers = message["headers"]
    rows = [
        (f"`{name}`", "" if name in headers["required"] else "optional", header["description"])
        for name, header in headers["properties"].items()
    ]
    if rows:
        yield from (*_table(("header", "", "what it is"), rows), "")


def _fields(
    document: Document, schema: Document, head: str, above: tuple[str, ...]
) -> Iterator[str]:
    rows = list(_rows(document, schema, above))
    yield from _table((head, "type", "", "what it is"), rows)


def _rows(
    document: Document, schema: Document, above: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    for name, found in schema["properties"].items():
        field = _resolved(document, found)
        need = "" if name in schema.get("required", ()) else "optional"
        says = found.get("description") or field.get("description", "")
        yield f"`{'.'.join((*above, name))}`", _type(document, field), need, " ".join(says.split())
        if "properties" in field:
            yield from _rows(document, field, (*above, name))


def _type(document: Document, schema: Document) -> str:
    if "anyOf" in schema:
        kinds = [_type(document, _resolved(document, kind)) for kind in schema["anyOf"]]
        return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "items" in schema:
        return f"list of {_type(document, _resolved(document, schema['items']))}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _resolved(document: Document, schema: Document) -> Document:
    """What a `$ref` points at."""
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
