"""Pictures on their way into the data set: written to the disk as they come, placed at the end."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deploy.bundle.annotation import Box, Said
from deploy.bundle.errors import BadFrame
from deploy.bundle.header import read_header
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import decode
from trainer.data.pictures import PHOTO_LIMITS
from trainer.ingest.found import Found, Losses
from trainer.likeness.grey import Greys, grey_of

_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM = 40
_LOOK = InputSpec(192, 192)


@dataclass(slots=True)
class Item:
    """A picture of the data set, whether it was there before or is new."""

    name: str
    digest: str
    grey: Greys
    labels: tuple[str, ...] = ()
    nothing: bool = False
    """It shows none of the labels."""
    by: str = "nobody"
    source: str = ""
    origin: str | None = None
    camera: str | None = None
    taken_at: float | None = None
    has_clock: bool = False
    boxes: tuple[Box, ...] = ()
    said: Said | None = None
    disagree: tuple[str, ...] = ()
    wanted: str | None = None
    """The split that its source had it in."""
    fixed: str | None = None
    """The split that it is in already; new ones have none."""
    group: str | None = None
    """The group that it belonged to already."""

    @property
    def is_unsaid(self) -> bool:
        """Whether nobody has said anything of it yet."""
        return not (self.labels or self.nothing or self.disagree)


@dataclass(slots=True)
class Shelf:
    """Takes each picture once, whatever many sources offer it."""

    folder: Path
    items: dict[str, Item] = field(default_factory=dict)
    """By sha256."""
    repeated: int = 0

    def take_all(self, found: Iterable[Found], losses: Losses) -> Iterator[None]:
        """Take what can be decoded; yields after each picture."""
        for one in found:
            self._take(one, losses)
            yield

    def file_of(self, item: Item) -> Path:
        return self.folder / item.name

    def _take(self, found: Found, losses: Losses) -> None:
        digest = hashlib.sha256(found.data).hexdigest()
        if digest in self.items:
            self.repeated += 1
            _agree(self.items[digest], found, losses)
            return
        try:
            grey = grey_of(decode(found.data, _LOOK, PHOTO_LIMITS))
        except BadFrame as error:
            losses.note(f"cannot be read ({error.reason})", found.source)
            return
        item = _item(found, digest, grey)
        self.file_of(item).write_bytes(found.data)
        self.items[digest] = item


def _item(found: Found, digest: str, grey: Greys) -> Item:
    labels = tuple(dict.fromkeys(label_of(label) for label in found.labels))
    return Item(
        _name(found, digest),
        digest,
        grey,
        labels=labels,
        nothing=found.nothing,
        by=found.by if labels or found.nothing else "nobody",
        source=found.source,
        origin=found.origin,
        camera=found.camera,
        taken_at=found.taken_at,
        has_clock=found.has_clock,
        boxes=found.boxes,
        said=found.said,
        disagree=tuple(map(label_of, found.disagree)),
        wanted=found.split,
    )


def _agree(item: Item, found: Found, losses: Losses) -> None:
    """The same picture again: where its labels are others, nobody is believed."""
    labels = tuple(dict.fromkeys(label_of(label) for label in found.labels))
    unsaid = not labels and not found.nothing
    if unsaid or (set(labels), found.nothing) == (set(item.labels), item.nothing):
        return
    if item.is_unsaid:
        item.labels, item.nothing, item.by = labels, found.nothing, found.by
        return
    if item.fixed is None:
        item.disagree = tuple(dict.fromkeys((*item.disagree, *item.labels, *labels)))
        item.labels, item.nothing, item.by = (), False, "nobody"
    losses.note("annotations that disagree: a person has to decide", found.source)


def label_of(label: str) -> str:
    """A label as the name of a folder."""
    plain = "".join("-" if one in "/\\\0" or not one.isprintable() else one for one in label)
    plain = plain.strip().lstrip(".").encode(errors="replace")[:100].decode(errors="ignore")
    return plain or "-"


def _name(found: Found, digest: str) -> str:
    """Short, plain, and of its own: names of sources may hold anything."""
    stem = Path(found.source.rpartition("/")[2]).stem
    plain = _PLAIN.sub("-", stem).strip("-.")[:_LONGEST_STEM] or "picture"
    return f"{plain}-{digest[:12]}{_SUFFIXES[read_header(found.data).format]}"


def greys_of(items: Iterable[Item]) -> Greys:
    every = [item.grey for item in items]
    return np.array(every, np.uint8)
