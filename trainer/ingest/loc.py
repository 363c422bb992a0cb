"""ImageNet's `LOC_*` annotations: PASCAL VOC XML beside each picture, or lines of a CSV.

XML comes from strangers: a document type, with the entities that blow up, is refused by defusedxml.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from deploy.bundle.annotation import Box
from deploy.bundle.errors import MissingDriver
from deploy.bundle.printable import printable
from trainer.errors import DataError
from trainer.ingest.boxes import BoxUse, with_boxes
from trainer.ingest.folder import walk
from trainer.ingest.found import Found, Losses, read_or_note

_MAPPING = "LOC_synset_mapping.txt"
_SOLUTIONS = ("LOC_train_solution.csv", "LOC_val_solution.csv")
_SPLITS = {"train": "train", "val": "val"}
_MOST_BYTES = 4 << 20
_NUMBERS_OF_A_BOX = 5


@dataclass(frozen=True, slots=True)
class LocSource:
    """A folder laid out as ImageNet's: pictures, XML of the same name, `LOC_*` files."""

    folder: Path
    use: BoxUse
    camera: str | None = None

    def pictures(self, losses: Losses) -> Iterator[Found]:
        words = _words(self.folder)
        listed = _solutions(self.folder, losses)
        documents = _documents(self.folder)
        for path in walk(self.folder, losses):
            inner = path.relative_to(self.folder)
            split = next((_SPLITS[part] for part in inner.parts if part in _SPLITS), None)
            boxes = listed.get(path.stem)
            disagree: tuple[str, ...] = ()
            if path.stem in documents:
                written = _xml_boxes(_nearest(documents[path.stem], path), losses)
                disagree = _disagreement(boxes, written)
                boxes = written if written is not None else boxes
            named = [_named(box, words) for box in boxes or ()]
            folder_label = words.get(path.parent.name, path.parent.name)
            yield from self._found(path, split, folder_label, named, disagree, words, losses)

    def _found(
        self,
        path: Path,
        split: str | None,
        folder_label: str,
        boxes: Sequence[Box],
        disagree: Sequence[str],
        words: Mapping[str, str],
        losses: Losses,
    ) -> Iterator[Found]:
        source = printable(path.relative_to(self.folder).as_posix())
        data = read_or_note(path, source, losses)
        if data is None:
            return
        found = Found(data, source, split=split, camera=self.camera)
        if disagree:
            names = tuple(words.get(name, name) for name in disagree)
            losses.note("annotations that disagree: a person has to decide", source)
            yield Found(found.data, source, split=split, camera=self.camera, disagree=names)
        elif boxes:
            yield from with_boxes(found, boxes, self.use, losses)
        elif folder_label in words.values():
            yield Found(found.data, source, (folder_label,), split=split, camera=self.camera)
        else:
            yield found


def is_loc(folder: Path) -> bool:
    """Whether there are LOC files, or XML annotations."""
    listed = (_MAPPING, *_SOLUTIONS)
    return any((folder / name).is_file() for name in listed) or any(folder.rglob("*.xml"))


def _documents(folder: Path) -> dict[str, list[Path]]:
    """Name of the picture without suffix → XML of that name."""
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*.xml")):
        found[path.stem].append(path)
    return found


def _nearest(documents: Sequence[Path], picture: Path) -> Path:
    """The one beside the picture, else the one whose folders are named most like the picture's, as
    `Annotations/train/a.xml` and `Data/train/a.jpg`.
    """

    def alike(document: Path) -> tuple[bool, int]:
        pairs = zip(reversed(document.parent.parts), reversed(picture.parent.parts), strict=False)
        common = takewhile(lambda pair: pair[0] == pair[1], pairs)
        return document.parent == picture.parent, len(list(common))

    return max(documents, key=alike)


def _words(folder: Path) -> dict[str, str]:
    """`n01440764` → its first word, where the mapping is there."""
    path = folder / _MAPPING
    if not path.is_file():
        return {}
    lines = (line.split(" ", 1) for line in path.read_text("utf-8", "replace").splitlines())
    return {line[0]: line[1].split(",")[0].strip() for line in lines if len(line) > 1}


def _named(box: Box, words: Mapping[str, str]) -> Box:
    return Box(words.get(box.label, box.label), box.left, box.top, box.width, box.height)


def _solutions(folder: Path, losses: Losses) -> dict[str, list[Box]]:
    """Name of the picture without suffix → boxes, as `label left top right bottom` repeats them."""
    boxes: dict[str, list[Box]] = defaultdict(list)
    for name in _SOLUTIONS:
        if not (folder / name).is_file():
            continue
        for row in _rows(folder / name):
            words = (row.get("PredictionString") or "").split()
            try:
                boxes[row.get("ImageId") or ""] += list(_row_boxes(words))
            except ValueError:
                losses.note("CSV lines that are no boxes", f"{name}: {row.get('ImageId')}")
    return boxes


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Raises `DataError` where a file is no CSV."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        try:
            yield from csv.DictReader(file)
        except csv.Error as error:
            raise DataError(f"{path} is no CSV: {error}") from error


def _row_boxes(words: Sequence[str]) -> Iterator[Box]:
    if len(words) % _NUMBERS_OF_A_BOX:
        raise ValueError(words)
    for at in range(0, len(words), _NUMBERS_OF_A_BOX):
        left, top, right, bottom = map(float, words[at + 1 : at + _NUMBERS_OF_A_BOX])
        yield Box(words[at], left, top, right - left, bottom - top)


def _xml_boxes(path: Path, losses: Losses) -> list[Box] | None:
    """Boxes of a PASCAL VOC document; None where it is none."""
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError as error:
        raise MissingDriver("defusedxml", "data") from error
    if path.is_symlink() or path.stat().st_size > _MOST_BYTES:
        losses.note("XML that is a link, or over 4 MiB", printable(path.name))
        return None
    try:
        document = fromstring(path.read_bytes(), forbid_dtd=True)
        return [_voc_box(found) for found in document.iter("object")]
    except (DefusedXmlException, ParseError, ValueError, AttributeError, RecursionError):
        losses.note("XML that is no annotation, or declares entities", printable(path.name))
        return None


def _voc_box(found: Any) -> Box:
    """Raises ValueError where something is missing."""
    name, place = found.findtext("name"), found.find("bndbox")
    if not name or place is None:
        raise ValueError("an object without name or bndbox")
    corners = [float(place.findtext(side) or "nan") for side in ("xmin", "ymin", "xmax", "ymax")]
    left, top, right, bottom = corners
    return Box(name, left, top, right - left, bottom - top)


def _disagreement(listed: Sequence[Box] | None, written: Sequence[Box] | None) -> tuple[str, ...]:
    """All labels, where the CSV says others than the XML."""
    if not listed or not written:
        return ()
    one, other = {box.label for box in listed}, {box.label for box in written}
    return tuple(sorted(one | other)) if one != other else ()
