"""What is known of one picture: the JSON file that lies beside it.

`yardlight-edge capture` writes it beside each frame that it keeps, `yardlight-train ingest` beside
each picture of a data set; both read and write it here only. A picture `a.jpg` has `a.jpg.json`.
"""

import stat
from pathlib import Path

import msgspec

from deploy.bundle.errors import Fatal
from deploy.bundle.whole import write_whole

SUFFIX = ".json"
SCHEMA = "yardlight.annotation/1"
MOST_BYTES = 1 << 20


class BadAnnotation(Fatal):
    """The file beside a picture is no annotation; names it and says why."""


class Box(msgspec.Struct, frozen=True):
    """Where something is, in pixels of the picture beside which the annotation lies."""

    label: str
    left: float
    top: float
    width: float
    height: float


class Said(msgspec.Struct, frozen=True):
    """What the service said of the frame when it ran."""

    label: str
    confidence: float
    scores: dict[str, float]
    model: str
    """Digest of the bundle."""


class Annotation(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="schema", tag=SCHEMA):
    """Everything but the pixels. The first label is the one whose folder the picture lies in."""

    labels: tuple[str, ...]
    """Empty where the picture shows none of the labels, or nobody has said what it shows."""
    by: str = "nobody"
    """Who gave the labels, or said that there are none: `folder`, `annotation`, `service` or
    `person`."""
    source: str = ""
    """Name of the file, video or topic that it came from; never a path of a machine."""
    origin: str | None = None
    """sha256 of the picture or video that it was cut out of."""
    camera: str | None = None
    taken_at: str | None = None
    """RFC 3339, UTC."""
    boxes: tuple[Box, ...] = ()
    said: Said | None = None
    disagree: tuple[str, ...] = ()
    """Labels that were given where they contradict each other: a person has to decide."""

    @property
    def says_none(self) -> bool:
        """Whether somebody said that none of the labels is there."""
        return not self.labels and self.by != "nobody"

    @property
    def has_several(self) -> bool:
        return len(set(self.labels)) > 1


_DECODER = msgspec.json.Decoder(Annotation)


def annotation_of(picture: Path) -> Path:
    """Where the annotation of a picture lies."""
    return picture.with_name(picture.name + SUFFIX)


def read_annotation(picture: Path) -> Annotation | None:
    """The annotation beside a picture, None where there is none.

    Raises:
        BadAnnotation: what lies there is no regular file, too large, unreadable, or no annotation.
    """
    path = annotation_of(picture)
    try:
        found = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
        raise BadAnnotation(f"{path} is no annotation: expected a file of up to {MOST_BYTES} bytes")
    try:
        return _DECODER.decode(path.read_bytes())
    except OSError as error:
        raise BadAnnotation(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnnotation(f"{path} is no annotation: {error}") from error


def write_annotation(picture: Path, annotation: Annotation, mode: int = 0o644) -> None:
    """Write it whole or not at all.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    path = annotation_of(picture)
    write_whole(path, msgspec.json.format(msgspec.json.encode(annotation), indent=1) + b"\n", mode)
