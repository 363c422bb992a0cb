"""YOLO's text files: `class centre-x centre-y width height` a line, in shares of the picture, or
`class x y x y x y …`, an outline.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.annotation import Box
from deploy.bundle.errors import BadFrame
from deploy.bundle.header import read_header
from deploy.bundle.printable import printable
from trainer.collection.folder import stays_within
from trainer.errors import DataError
from trainer.ingest.boxes import BoxUse, with_boxes
from trainer.ingest.folder import walk
from trainer.ingest.found import Found, Losses, read_or_note

_LISTS = ("classes.txt", "obj.names", "data.yaml", "dataset.yaml")
_SPLITS = {"train": "train", "val": "val", "valid": "val", "test": "val"}
_NUMBERED = re.compile(r"^\s+(\d+)\s*:\s*(.+?)\s*$")
_MOST_DIGITS = 5
_NUMBERS_OF_A_BOX = 4
_DASHED = re.compile(r"^\s*-\s*(.+?)\s*$")


@dataclass(frozen=True, slots=True)
class YoloSource:
    """A folder with pictures in `images/` and their boxes in `labels/`, or side by side."""

    folder: Path
    use: BoxUse
    camera: str | None = None

    def pictures(self, losses: Losses) -> Iterator[Found]:
        names = class_names(self.folder)
        for path in walk(self.folder, losses):
            inner = path.relative_to(self.folder)
            split = next((_SPLITS[part] for part in inner.parts if part in _SPLITS), None)
            source = printable(inner.as_posix())
            data = read_or_note(path, source, losses)
            if data is None:
                continue
            text = _text_of(path, self.folder)
            lines = _lines(text, self.folder)
            # A text without a line says that there is nothing; no text says nothing.
            nothing = self.use == "labels" and text.is_file() and not any(map(str.strip, lines))
            by = "annotation" if nothing else "folder"
            found = Found(data, source, nothing=nothing, by=by, split=split, camera=self.camera)
            boxes = list(_boxes(lines, found, names, losses))
            yield from with_boxes(found, boxes, self.use, losses)


def is_yolo(folder: Path) -> bool:
    return any((folder / name).is_file() and stays_within(folder / name, folder) for name in _LISTS)


def class_names(folder: Path) -> list[str]:
    """Names of the classes, by number: a line each, or `names` of the YAML, of which only that is
    read.

    Raises:
        DataError: none of the files that could list them is there, or none lists any.
    """
    for name in _LISTS:
        path = folder / name
        if path.is_file() and stays_within(path, folder):
            lines = path.read_text("utf-8", errors="replace").splitlines()
            found = _from_yaml(lines) if path.suffix == ".yaml" else [one.strip() for one in lines]
            if any(found):
                return found
    raise DataError(f"{folder} names no classes: expected classes.txt, or names in data.yaml")


def _from_yaml(lines: Sequence[str]) -> list[str]:
    """`names: [a, b]`, or a list or numbered entries below `names:`."""
    for number, line in enumerate(lines):
        if line.startswith("names:"):
            inline = line.removeprefix("names:").strip()
            if inline.startswith("["):
                return [_bare(name) for name in inline.strip("[]").split(",")]
            return _below(lines[number + 1 :])
    return []


def _below(lines: Sequence[str]) -> list[str]:
    """Raises `DataError` where there are more classes than anybody has."""
    found: dict[int, str] = {}
    for line in lines:
        if numbered := _NUMBERED.match(line):
            if len(numbered[1]) > _MOST_DIGITS:
                raise DataError(f"class {numbered[1][:20]} has too high a number")
            found[int(numbered[1])] = _bare(numbered[2])
        elif dashed := _DASHED.match(line):
            found[len(found)] = _bare(dashed[1])
        elif line.strip():
            break
    return [found.get(number, "") for number in range(max(found, default=-1) + 1)]


def _bare(name: str) -> str:
    return name.strip().strip("'\"")


def _text_of(path: Path, folder: Path) -> Path:
    """`images/a.jpg` has `labels/a.txt`; else the text lies beside the picture."""
    parts = list(path.relative_to(folder).parts)
    if "images" in parts:
        parts[parts.index("images")] = "labels"
    return folder.joinpath(*parts).with_suffix(".txt")


def _lines(path: Path, folder: Path) -> list[str]:
    if not stays_within(path, folder):
        return []
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _boxes(
    lines: Sequence[str], found: Found, names: Sequence[str], losses: Losses
) -> Iterator[Box]:
    try:
        width, height = read_header(found.data).upright_size
    except BadFrame:
        return
    for line in lines:
        if not line.strip():
            continue
        try:
            number, *place = line.split()
            left, top, right, bottom = _corners([float(value) for value in place])
            label = names[int(number)] if int(number) >= 0 else ""
        except (ValueError, IndexError):
            losses.note("lines that are no box of a known class", f"{found.source}: {line[:60]}")
            continue
        yield Box(
            label,
            left * width,
            top * height,
            (right - left) * width,
            (bottom - top) * height,
        )


def _corners(place: Sequence[float]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box, or of an outline of three points or more.

    Raises:
        ValueError: neither of them.
    """
    if len(place) in {_NUMBERS_OF_A_BOX, _NUMBERS_OF_A_BOX + 1}:  # what a network found has a score
        x, y, across, down = place[:_NUMBERS_OF_A_BOX]
        return x - across / 2, y - down / 2, x + across / 2, y + down / 2
    if len(place) < _NUMBERS_OF_A_BOX or len(place) % 2:
        raise ValueError(place)
    across_all, down_all = place[::2], place[1::2]
    return min(across_all), min(down_all), max(across_all), max(down_all)
