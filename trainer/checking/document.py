"""`check.json`: what `check` found, for machines."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from deploy.bundle.whole import write_whole
from trainer.checking.examination import Examination
from trainer.collection.hashed import document_of

CHECK = "check.json"
SCHEMA = "yardlight.check/1"


def write_document(found: Examination, folder: Path) -> Path:
    """Write it; names that are no text have escapes."""
    document = {
        "schema": SCHEMA,
        "data": found.data.root.name,
        "digest": found.version.digest,
        "counts": found.counts,
        "notes": found.notes,
        "findings": msgspec.to_builtins(found.findings),
        "ranking": [{"path": path, "score": score} for path, score in found.ranking],
        "files": document_of(found.version),
    }
    path = folder / CHECK
    write_whole(path, _text(document).encode("ascii"), 0o600)
    return path


def _text(document: Mapping[str, Any]) -> str:
    """One line for each item of a list, to be compared by lines; ten thousand cost no second."""
    fields = (f"{json.dumps(name)}: {_lines(value)}" for name, value in document.items())
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _lines(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n" + ",\n".join(f" {json.dumps(one)}" for one in value) + "\n]"
