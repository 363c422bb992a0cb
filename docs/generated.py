"""Writing generated files, or only looking whether they are as they should be."""

import sys
from collections.abc import Mapping
from pathlib import Path


def write_or_check(documents: Mapping[Path, str], remedy: str) -> int:
    """Write what differs; with `--check` on the command line only name it. The exit status.

    Args:
        documents: what each file should hold.
        remedy: the command that writes them.
    """
    stale = [
        path
        for path, text in documents.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path} is out of date: {remedy}\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(documents[path], encoding="utf-8")
    return 0
