"""Writes docs/topics/ and docs/topics.md: what is on the topics. `--check` only compares."""

import json
import sys
from pathlib import Path

from docs.generated import write_or_check
from docs.topics_page import topics_page
from edge.asyncapi import asyncapi, schemas

FOLDER = Path(__file__).parent / "topics"


def documents() -> dict[Path, str]:
    """What each generated file should hold."""
    contents = {f"{name}.schema.json": schema for name, schema in schemas().items()}
    contents["asyncapi.json"] = asyncapi()
    return {FOLDER.with_suffix(".md"): topics_page(contents["asyncapi.json"])} | {
        FOLDER / name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in contents.items()
    }


if __name__ == "__main__":
    sys.exit(write_or_check(documents(), "make schemas"))
