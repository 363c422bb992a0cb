"""`yardlight-train diff`: what changed between two versions of a data set."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from deploy.bundle.printable import printable
from trainer.collection.difference import Difference, Pair, difference
from trainer.collection.hashed import read_version
from trainer.progress import Live
from trainer.settings import NOTHING

_MOST_NAMED = 20


def diff_command(
    before: Path,
    after: Path,
    /,
    *,
    nothing: str = NOTHING,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Say what changed from one version of a data set to another.

    A version is the folder of a data set, or the `check.json` that `check` wrote of it. Pictures
    are told by their bytes, so one that was moved is not taken for two. Exit status: 0 nothing
    changed, 1 something did.

    Args:
        before: the older version.
        after: the newer version.
        nothing: where annotations name several labels: the label that says that none is there.
        as_json: print all of it, for machines.
    """
    with Live() as live:
        old, new = (read_version(where, nothing, live.count) for where in (before, after))
    found = difference(old, new)
    digests = {"before": old.digest, "after": new.digest}
    if as_json:
        sys.stdout.write(json.dumps({**digests, **asdict(found)}, indent=1) + "\n")
    else:
        for line in _lines(found):
            sys.stdout.write(f"{line}\n")
        sys.stdout.write(f"{found.unchanged} unchanged\n{old.digest}\n{new.digest}\n")
    return 0 if found.is_empty else 1


def _lines(found: Difference) -> Iterator[str]:
    for title, paths in (
        ("added", found.added),
        ("removed", found.removed),
        ("changed", found.changed),
    ):
        yield from _titled(title, [printable(path) for path in paths])
    for title, pairs in (
        ("relabelled", found.relabelled),
        ("in another split", found.resplit),
        ("renamed", found.renamed),
    ):
        yield from _titled(title, [_arrow(pair) for pair in pairs])


def _titled(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"{len(lines)} {title}"
    for line in lines[:_MOST_NAMED]:
        yield f"  {line}"
    if len(lines) > _MOST_NAMED:
        yield f"  … and {len(lines) - _MOST_NAMED} more; --json names them all"


def _arrow(pair: Pair) -> str:
    return f"{printable(pair[0])} → {printable(pair[1])}"
