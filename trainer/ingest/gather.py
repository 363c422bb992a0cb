"""`ingest`: sources in, data set out. Read it from top to bottom."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from deploy.bundle.annotation import Annotation, read_annotation, write_annotation
from deploy.bundle.errors import BadFrame
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode
from trainer.collection.folder import DataSet, Entry, place_of, read_data_set
from trainer.collection.splits import Member, read_splits, write_splits
from trainer.data.pictures import PHOTO_LIMITS
from trainer.errors import DataError
from trainer.ingest.folder import seconds_of
from trainer.ingest.found import Losses, Source
from trainer.ingest.grouping import assign, link_neighbours, link_origins
from trainer.ingest.incoming import incoming, is_incoming
from trainer.ingest.shelf import Item, Shelf, greys_of
from trainer.likeness.grey import grey_of
from trainer.likeness.groups import Groups
from trainer.likeness.near import near_duplicates
from trainer.progress import Live
from trainer.settings import NOTHING

_LOOK = InputSpec(192, 192)


@dataclass(frozen=True, slots=True)
class Splitting:
    """How pictures are dealt out."""

    val: float
    neighbours: float
    seed: int


@dataclass(slots=True)
class Gathered:
    """What came of it."""

    taken: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """New pictures by split and label."""
    repeated: int = 0
    groups: int = 0
    losses: Losses = field(default_factory=Losses)


def gather(sources: Sequence[Source], out: Path, how: Splitting, live: Live) -> Gathered:
    """Add all pictures of the sources to the data set `out`, which is made if it is not there.

    Raises:
        DataError: there is not one picture to take, or a source cannot be read.
        OSError: the disk is full or `out` cannot be written; what was there before is as it was.
    """
    gathered = Gathered()
    before = _existing(out)
    with incoming(out) as folder:
        shelf = Shelf(folder, {item.digest: item for item in before})
        bar = live.bar(0)
        for source in sources:
            for _ in shelf.take_all(source.pictures(gathered.losses), gathered.losses):
                bar.title(f"{len(shelf.items) - len(before)} pictures")
                bar.advance(1)
        items = list(shelf.items.values())
        if len(items) == len(before) and not shelf.repeated:
            raise DataError(f"not one picture to take{_why(gathered.losses)}")
        groups = near_duplicates(greys_of(items), live.count)
        link_origins(items, groups)
        link_neighbours(items, groups, how.neighbours)
        splits, left_out = assign(items, groups, how.val, how.seed)
        for number in left_out:
            gathered.losses.note("alike to pictures of both splits", items[number].source)
        _place(shelf, items, splits, out, gathered)
        _write_splits(out, items, splits, groups)
    gathered.repeated = shelf.repeated
    gathered.groups = len(groups.of(len(items)))
    return gathered


def _existing(out: Path) -> list[Item]:
    """What is in the data set already, each where it is."""
    if not out.exists() or all(is_incoming(path) for path in out.iterdir()):
        return []
    data, members = read_data_set(out), read_splits(out)
    items = (_item(data, entry, members.get(entry.name)) for entry in data.entries)
    return [item for item in items if item is not None]


def _item(data: DataSet, entry: Entry, member: Member | None) -> Item | None:
    path = data.place(entry)
    content = path.read_bytes()
    try:
        grey = grey_of(decode(content, _LOOK, PHOTO_LIMITS))
    except BadFrame:  # `check` tells
        return None
    known = read_annotation(path) or Annotation(())
    labels, nothing = _shown(entry, known)
    when = seconds_of(known.taken_at)
    return Item(
        entry.name,
        hashlib.sha256(content).hexdigest(),
        grey,
        labels=labels,
        nothing=nothing,
        source=known.source or entry.path,
        origin=known.origin,
        camera=known.camera,
        taken_at=when,
        has_clock=when is not None,
        fixed=entry.split,
        group=None if member is None else member.group,
    )


def _shown(entry: Entry, known: Annotation) -> tuple[tuple[str, ...], bool]:
    """What a picture of the data set shows, and whether that is none of the labels: its folder may
    be only the first of several.
    """
    if entry.label is None:
        return (), False
    if entry.label in known.labels:
        return known.labels, False
    nothing = entry.label == NOTHING and known.says_none
    return (() if nothing else (entry.label,)), nothing


def _place(
    shelf: Shelf, items: Sequence[Item], splits: dict[int, str], out: Path, gathered: Gathered
) -> None:
    """The annotation first: a picture is never there without it."""
    for number, split in splits.items():
        item = items[number]
        if item.fixed is not None:
            continue
        label = item.labels[0] if item.labels else NOTHING if item.nothing else None
        target = out / place_of(split, label, item.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_annotation(target, _annotation(item))
        shelf.file_of(item).rename(target)
        gathered.taken[split, label] += 1


def _annotation(item: Item) -> Annotation:
    when = item.taken_at if item.has_clock else None
    written = None
    if when is not None:
        written = datetime.fromtimestamp(when, timezone.utc).isoformat().replace("+00:00", "Z")
    return Annotation(
        item.labels,
        item.by,
        item.source,
        item.origin,
        item.camera,
        written,
        item.boxes,
        item.said,
        item.disagree,
    )


def _write_splits(out: Path, items: Sequence[Item], splits: dict[int, str], groups: Groups) -> None:
    members = {
        item.name: Member(splits[number], items[groups.root(number)].name)
        for number, item in enumerate(items)
        if number in splits
    }
    write_splits(out, {**read_splits(out), **members})


def _why(losses: Losses) -> str:
    if not losses.counts:
        return ": the sources hold none"
    return "; " + "; ".join(
        f"{count} {why}, such as {losses.examples[why]}" for why, count in losses.counts.items()
    )
