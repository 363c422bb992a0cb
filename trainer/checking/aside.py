"""Pictures put aside and brought back: moved, never deleted, and written down before it is done.

`aside/journal.jsonl` names every move before the first one is made, so that whatever happens in
their midst, a full disk or a power cut, `undo` knows where everything may be.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.annotation import annotation_of
from deploy.bundle.whole import write_whole
from trainer.collection.folder import ASIDE, remove_if_empty, stays_within
from trainer.collection.journal import append, whole_lines
from trainer.errors import DataError

_JOURNAL = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Move:
    """Paths relative to the data set."""

    was: str
    now: str

    @property
    def document(self) -> dict[str, str]:
        return {"from": self.was, "to": self.now}


def put_aside(root: Path, paths: Iterable[str]) -> int:
    """Move pictures, each with its annotation, into `aside/`; how many.

    Raises:
        DataError: a path leads out of the data set.
        OSError: the disk is full or the data set read-only; nothing is lost.
    """
    moves = list(_planned(root, paths))
    if not moves:
        return 0
    (root / ASIDE).mkdir(exist_ok=True)
    append(root / ASIDE / _JOURNAL, [move.document for move in moves])
    for move in moves:
        _move(root / move.was, root / move.now)
    return sum(not move.was.endswith(".json") for move in moves)


def bring_back(root: Path) -> tuple[int, list[str]]:
    """Undo every move; how many pictures came back, and which places are taken by others now.

    Raises:
        DataError: the journal is no journal.
        OSError: the disk is full or the data set read-only; `undo` again goes on from there.
    """
    journal = root / ASIDE / _JOURNAL
    back, taken = 0, []
    for move in reversed(_read(journal)):
        if not (root / move.now).exists():
            continue
        if (root / move.was).exists():
            taken.append(move)
            continue
        _move(root / move.now, root / move.was)
        back += not move.was.endswith(".json")
    if taken:
        lines = (json.dumps(move.document) + "\n" for move in reversed(taken))
        write_whole(journal, "".join(lines).encode())
    else:
        journal.unlink(missing_ok=True)
        _remove_empty(root / ASIDE)
    return back, [move.was for move in taken if not move.was.endswith(".json")]


def _planned(root: Path, paths: Iterable[str]) -> Iterator[Move]:
    batch = _next_batch(root / ASIDE)
    for path in dict.fromkeys(paths):
        picture = root / path
        if not _is_within(path):
            raise DataError(f"{path} is no picture of {root}: it leads out of it")
        if not picture.exists() or not stays_within(picture.parent, root):
            continue
        yield Move(path, f"{ASIDE}/{batch}/{path}")
        if annotation_of(picture).exists():
            yield Move(f"{path}.json", f"{ASIDE}/{batch}/{path}.json")


def _next_batch(aside: Path) -> int:
    """Each time has a folder of its own, so that no picture takes the place of another."""
    taken = [int(path.name) for path in aside.glob("*") if path.name.isdecimal()]
    return max(taken, default=0) + 1


def _read(journal: Path) -> list[Move]:
    moves = []
    for line in whole_lines(journal):
        try:
            document = json.loads(line)
            moves.append(Move(_within(document["from"]), _within(document["to"])))
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{journal} is damaged at {line[:80]!r}") from error
    return moves


def _within(path: str) -> str:
    if not _is_within(path):
        raise ValueError(f"{path} leads out of the data set")
    return path


def _is_within(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    remove_if_empty(source.parent)


def _remove_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    if folder.is_dir():
        remove_if_empty(folder)
