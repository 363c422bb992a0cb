"""Writes docs/topics/: JSON Schemas and AsyncAPI of the topics. `--check` only compares."""

import json
import sys
from pathlib import Path

from edge.asyncapi import asyncapi, schemas

FOLDER = Path(__file__).parent / "topics"


def documents() -> dict[Path, str]:
    """What each generated file should hold."""
    contents = {f"{name}.schema.json": schema for name, schema in schemas().items()}
    contents["asyncapi.json"] = asyncapi()
    return {
        FOLDER / name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in contents.items()
    }


def main() -> int:
    stale = [
        path
        for path, text in documents().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} is out of date: make schemas\n")
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for path in stale:
        path.write_text(documents()[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
