"""`splits.json`: which pictures belong together, so that none of them crosses a split.

A picture is told by its name, which is one of a kind in a data set and stays as it is when the
label, and with it the folder, is corrected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.bundle.whole import write_whole
from trainer.errors import DataError

SPLITS = "splits.json"


@dataclass(frozen=True, slots=True)
class Member:
    """Where a picture is, and with which others it stays."""

    split: str
    group: str
    """Near-duplicates, crops of one picture and neighbouring frames of a camera share it."""


class _Document(msgspec.Struct, tag_field="schema", tag="yardlight.splits/1"):
    pictures: dict[str, Member]


def read_splits(root: Path) -> dict[str, Member]:
    """Name of each picture → where it belongs; empty where the data set has no splits file.

    Raises:
        DataError: the file is not what `ingest` writes.
    """
    path = root / SPLITS
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Document).pictures
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, ValueError) as error:
        raise DataError(f"{path} is no splits file: {error}") from error


def write_splits(root: Path, members: Mapping[str, Member]) -> None:
    """Write it whole or not at all."""
    document = msgspec.json.encode(_Document(dict(sorted(members.items()))))
    write_whole(root / SPLITS, msgspec.json.format(document, indent=1) + b"\n")
