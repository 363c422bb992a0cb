"""What changed from one version of a data set to another."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

from trainer.collection.folder import Entry
from trainer.collection.hashed import Version

Pair: TypeAlias = tuple[str, str]
"""Path before, path after."""


@dataclass(slots=True)
class Difference:
    """A picture is the same one by its bytes, wherever it lies."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Other bytes at the same place."""
    relabelled: list[Pair] = field(default_factory=list)
    resplit: list[Pair] = field(default_factory=list)
    """In another split, with the same label."""
    renamed: list[Pair] = field(default_factory=list)
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        lists = (self.added, self.removed, self.changed, self.relabelled, self.resplit)
        return not any((*lists, self.renamed))


def difference(before: Version, after: Version) -> Difference:
    found = Difference()
    gone: dict[str, list[Entry]] = defaultdict(list)
    still_there = {digest for _, digest in after.files.values()}
    for path, (entry, digest) in before.files.items():
        if after.files.get(path, (None, ""))[1] == digest:
            if before.shows[path] == after.shows[path]:
                found.unchanged += 1
            else:
                found.relabelled.append((path, path))
        elif path in after.files and digest not in still_there:
            found.changed.append(path)
        else:
            gone[digest].append(entry)
    changed = set(found.changed)
    for path, (entry, digest) in after.files.items():
        if before.files.get(path, (None, ""))[1] == digest or path in changed:
            continue
        if gone[digest]:
            was = gone[digest].pop(0)
            _note_move(was, entry, found, same=before.shows[was.path] == after.shows[path])
        else:
            found.added.append(path)
    found.removed = sorted(entry.path for entries in gone.values() for entry in entries)
    return found


def _note_move(was: Entry, now: Entry, found: Difference, *, same: bool) -> None:
    pair = (was.path, now.path)
    if not same:
        found.relabelled.append(pair)
    elif was.split != now.split:
        found.resplit.append(pair)
    else:
        found.renamed.append(pair)
