"""`check.json`: what `check` found, for machines."""

import json
from dataclasses import asdict
from pathlib import Path

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
        "findings": [asdict(finding) for finding in found.findings],
        "ranking": [{"path": path, "score": score} for path, score in found.ranking],
        "files": document_of(found.version.files),
    }
    path = folder / CHECK
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode(), 0o600)
    return path
