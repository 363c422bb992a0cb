"""Boxes become crops, each a picture of its own, or the labels of the whole picture."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from deploy.bundle.annotation import Box
from deploy.bundle.errors import BadFrame
from deploy.bundle.golden import encode_frame
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import Pixels, decode
from trainer.data.pictures import PHOTO_LIMITS
from trainer.ingest.found import Found, Losses

BoxUse: TypeAlias = Literal["crops", "labels"]
_WHOLE = InputSpec(8192, 8192)
_SMALLEST = 8
_MARGIN = 0.1
"""Of the box's sides, on each side: what surrounds a thing helps to tell it."""


def with_boxes(found: Found, boxes: Sequence[Box], use: BoxUse, losses: Losses) -> Iterator[Found]:
    """What becomes of a picture with boxes. One without stays as it is."""
    if not boxes:
        yield found
        return
    try:
        picture = decode(found.data, _WHOLE, PHOTO_LIMITS)
    except BadFrame as error:
        losses.note(f"cannot be read ({error.reason})", found.source)
        return
    inside = list(_inside(boxes, picture, found.source, losses))
    if use == "crops":
        yield from _crops(found, picture, inside)
    elif inside:
        largest_first = sorted(inside, key=lambda box: -box.width * box.height)
        labels = tuple(dict.fromkeys(box.label for box in largest_first))
        yield replace(found, labels=labels, by="annotation", boxes=tuple(inside))


def _inside(boxes: Sequence[Box], picture: Pixels, source: str, losses: Losses) -> Iterator[Box]:
    """Boxes cut to the picture; one outside of it, or too small to show anything, is a loss."""
    height, width = picture.shape[:2]
    for box in boxes:
        corners = (box.left, box.top, box.left + box.width, box.top + box.height)
        if not all(map(math.isfinite, corners)):
            losses.note("boxes that are no numbers", source)
            continue
        left, right = (min(max(corner, 0), width) for corner in (corners[0], corners[2]))
        top, bottom = (min(max(corner, 0), height) for corner in (corners[1], corners[3]))
        if right - left < _SMALLEST or bottom - top < _SMALLEST:
            losses.note("boxes outside the picture, or smaller than 8 pixels", source)
            continue
        yield Box(box.label, left, top, right - left, bottom - top)


def _crops(found: Found, picture: Pixels, boxes: Sequence[Box]) -> Iterator[Found]:
    origin = hashlib.sha256(found.data).hexdigest()
    for number, box in enumerate(boxes):
        yield replace(
            found,
            data=encode_frame(_cut(picture, box)),
            source=f"{found.source}#{number}",
            labels=(box.label,),
            by="annotation",
            origin=origin,
            disagree=(),
        )


def _cut(picture: Pixels, box: Box) -> Pixels:
    height, width = picture.shape[:2]
    across, down = box.width * _MARGIN, box.height * _MARGIN
    left, top = max(0, int(box.left - across)), max(0, int(box.top - down))
    right = min(width, math.ceil(box.left + box.width + across))
    bottom = min(height, math.ceil(box.top + box.height + down))
    return picture[top:bottom, left:right]
