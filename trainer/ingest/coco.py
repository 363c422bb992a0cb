"""COCO's JSON: boxes with categories, in pixels from the left upper corner."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.annotation import Box
from deploy.bundle.printable import printable
from trainer.collection.folder import stays_within
from trainer.errors import DataError
from trainer.ingest.boxes import BoxUse, with_boxes
from trainer.ingest.found import Found, Losses, read_or_note

_PLACES = ("", "images", "train2017", "val2017")


@dataclass(frozen=True, slots=True)
class CocoSource:
    """A COCO file and the folder in which the pictures that it names lie."""

    file: Path
    images: Path | None
    use: BoxUse
    camera: str | None = None

    def pictures(self, losses: Losses) -> Iterator[Found]:
        pictures, boxes = _read(self.file, losses)
        for number, name in pictures.items():
            path = self._find(name)
            if path is None:
                losses.note("named pictures that are not there", printable(name))
                continue
            data = read_or_note(path, printable(name), losses)
            if data is not None:
                nothing = self.use == "labels" and number not in boxes
                found = Found(
                    data, printable(name), nothing=nothing, by="annotation", camera=self.camera
                )
                yield from with_boxes(found, boxes.get(number, []), self.use, losses)

    def _find(self, name: str) -> Path | None:
        """The picture of that name, which never lies outside of the folder."""
        root = self.images or self.file.parent
        roots = [root / place for place in _PLACES] + [root.parent / "images"]
        for place in roots:
            path = place / name
            try:
                if "\0" not in name and path.is_file() and stays_within(path, place):
                    return path
            except OSError:  # a name longer than the file system allows
                continue
        return None


def _read(file: Path, losses: Losses) -> tuple[dict[Any, str], dict[Any, list[Box]]]:
    """Names of the pictures and boxes, by the pictures' ids; a picture that no annotation is of has
    no entry.
    """
    try:
        document = json.loads(file.read_bytes())
        names = {one["id"]: str(one["file_name"]) for one in document["images"]}
        labels = {one["id"]: str(one["name"]) for one in document["categories"]}
        annotations = list(document["annotations"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{file} is no COCO file: expected images, categories and annotations ({error!r})"
        ) from error
    boxes: dict[Any, list[Box]] = defaultdict(list)
    for one in annotations:
        try:
            of_picture = boxes[one["image_id"]]
            left, top, width, height = map(float, one["bbox"])
            of_picture.append(Box(labels[one["category_id"]], left, top, width, height))
        except (KeyError, TypeError, ValueError, OverflowError):
            losses.note("annotations without a box or a known category", str(one)[:80])
    return names, boxes
