"""Folders of pictures: ImageNet layout, label folders, what `capture` saved, just pictures."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from deploy.bundle.annotation import Annotation, BadAnnotation, read_annotation
from deploy.bundle.printable import printable
from trainer.collection.folder import ASIDE, UNLABELLED, is_picture, stays_within
from trainer.data.layout import TRAIN, VAL
from trainer.errors import DataError
from trainer.ingest.found import Found, Losses, read_or_note

_SPLITS = {TRAIN: TRAIN, VAL: VAL, "valid": VAL, "validation": VAL, "test": VAL}


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Every picture below a folder: its annotation counts, else its folder is its label."""

    folder: Path
    label: str | None = None
    """The label of all of them, whatever folder they lie in."""
    camera: str | None = None

    def pictures(self, losses: Losses) -> Iterator[Found]:
        for path in walk(self.folder, losses):
            source = printable(path.relative_to(self.folder).as_posix())
            data = read_or_note(path, source, losses)
            if data is None:
                continue
            try:
                yield self._found(path, data, source)
            except BadAnnotation as error:
                losses.note("annotations that are none", str(error))

    def _found(self, path: Path, data: bytes, source: str) -> Found:
        split, label = _place(path.relative_to(self.folder))
        known = read_annotation(path)
        if known is None:
            label = self.label or label
            labels = (label,) if label is not None else ()
            return Found(data, source, labels, split=split, camera=self.camera)
        return _annotated(known, data, source, self.label or label, split, self.camera)


def walk(folder: Path, losses: Losses) -> Iterator[Path]:
    """Pictures at any depth, in the order of their paths; no link that leads out is followed."""
    for place, folders, names in os.walk(folder):
        inside = Path(place)
        folders[:] = sorted(
            name for name in folders if name[0] != "." and (inside != folder or name != ASIDE)
        )
        for name in sorted(names):
            path = inside / name
            if is_picture(path, folder):
                yield path
            elif path.is_symlink() and not stays_within(path, folder):
                losses.note("links out of the folder", printable(name))


def _place(inner: Path) -> tuple[str | None, str | None]:
    """Split and label that a path says: `train/cat/x.jpg`, `cat/x.jpg`, `x.jpg`."""
    parts = inner.parts[:-1]
    split = _SPLITS.get(parts[0]) if parts else None
    if parts and parts[0] == UNLABELLED:
        return (_SPLITS.get(parts[1]) if len(parts) > 1 else None), None
    if split is not None:
        parts = parts[1:]
    return split, parts[0] if parts else None


def _annotated(
    known: Annotation,
    data: bytes,
    source: str,
    label: str | None,
    split: str | None,
    camera: str | None,
) -> Found:
    """What `capture` or an earlier `ingest` wrote; where its folder says otherwise, a person moved
    it there, unless the annotation says that a person gave another label.
    """
    labels, by, disagree = known.labels, known.by, known.disagree
    if split is not None and label is not None and labels and label not in labels:
        if by == "person":
            labels, disagree = (), (*labels, label)
        else:
            labels, by = (label,), "folder"
    when = seconds_of(known.taken_at)
    return Found(
        data,
        known.source or source,
        labels,
        nothing=by != "nobody" and not labels and not disagree,
        by=by,
        split=split,
        camera=known.camera or camera,
        taken_at=when,
        has_clock=when is not None,
        origin=known.origin,
        boxes=known.boxes,
        said=known.said,
        disagree=disagree,
    )


def seconds_of(written: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time; None where it is none, or before or after all years."""
    if written is None:
        return None
    try:
        time = datetime.fromisoformat(written.replace("Z", "+00:00"))
        known = time if time.tzinfo else time.replace(tzinfo=timezone.utc)
        return known.astimezone(timezone.utc).timestamp()
    except (ValueError, OverflowError):
        return None


def require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist: expected a folder or a file")
