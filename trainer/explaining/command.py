"""`yardlight-train explain`: what a bundle says of pictures, and which part made it say so."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from cyclopts.validators import Number

from deploy.bundle.errors import BadFrame, Fatal
from deploy.bundle.manifest import Bundle, open_bundle
from deploy.bundle.pixels import Pixels, frame_to_pixels
from deploy.bundle.reference import open_reference
from deploy.bundle.whole import write_whole
from trainer.data.pictures import PHOTO_LIMITS
from trainer.errors import DataError
from trainer.explaining.drawing import png, side_by_side
from trainer.explaining.heat import Explainer, Floats, Method
from trainer.tasks.known import task_of

_SIDE = 448
_MOST_HEAT = 0.5


@dataclass(frozen=True, slots=True)
class Explained:
    picture: str
    called: str
    """The likeliest label, whether or not it is said to be there."""
    confidence: float
    labels: dict[str, float]
    """What the picture is said to show: one label, or where they do not exclude each other any of
    them, the likeliest first."""
    explains: str
    """The label whose evidence is shown."""
    method: Method
    looked_at: tuple[float, float, float, float] | None
    """Left, top, right, bottom of what is at least half as hot as the hottest part, as shares of
    the network's input; None where nothing spoke for the label."""
    written: str | None


def explain_command(
    bundle: Path,
    pictures: Annotated[tuple[Path, ...], Parameter(negative=())],
    *,
    label: str | None = None,
    out: Path | None = None,
    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Say what a bundle calls pictures, and where in them it found that.

    Grad-CAM where the network allows it, occlusion in every other. Needs no torch.

    Args:
        bundle: folder of the bundle.
        pictures: JPEG, PNG or WebP files.
        label: the label whose evidence is looked for; the likeliest of each picture if not given.
        out: folder to write a PNG for each picture to: what the network saw, and the same with
            heat. Nothing is written unless it is given.
        threads: CPU threads; 0 takes every core.
        as_json: print JSON, for machines.
    """
    if not pictures:
        raise DataError("give one picture at least, after the bundle")
    opened = open_bundle(bundle)
    if out is not None:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = list(_explained(opened, pictures, label, out, threads))
    if as_json:
        lines = [json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False)]
    else:
        lines = [_line(one) for one in found]
    sys.stdout.write("\n".join(lines) + "\n")


def _explained(
    bundle: Bundle, pictures: tuple[Path, ...], label: str | None, out: Path | None, threads: int
) -> Iterator[Explained]:
    labels = bundle.manifest.labels
    if label is not None and label not in labels:
        raise Fatal(f"--label {label} is none of the bundle's: {', '.join(labels)}")
    explainer = Explainer.of(bundle, open_reference(bundle.model, threads=threads))
    for number, path in enumerate(pictures):
        pixels = _pixels(path, bundle)
        answer = explainer.reference.probabilities(pixels[None])[0]
        called = int(answer.argmax())
        about = called if label is None else labels.index(label)
        heat = explainer.heat(pixels, about)
        written = None
        if out is not None:
            written = out / f"{number:03}-{path.stem}.png"
            write_whole(written, png(side_by_side(pixels, heat.values, _SIDE)), 0o600)
        yield Explained(
            picture=str(path),
            called=labels[called],
            confidence=float(answer[called]),
            labels=_said(bundle, answer),
            explains=labels[about],
            method=heat.method,
            looked_at=hot_box(heat.values),
            written=None if written is None else str(written),
        )


def _said(bundle: Bundle, answer: Floats) -> dict[str, float]:
    """What a picture with these probabilities [C] is said to show, and how likely each is."""
    is_there = task_of(bundle.manifest.outputs.activation).called(answer[None])[0]
    order = [int(label) for label in np.argsort(-answer, kind="stable") if is_there[label]]
    return {bundle.manifest.labels[label]: float(answer[label]) for label in order}


def hot_box(heat: Floats) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of what is half as hot as the hottest, as shares of the sides."""
    hot = heat >= _MOST_HEAT * max(float(heat.max()), 1e-6)
    if not hot.any():
        return None
    rows, columns = np.flatnonzero(hot.any(1)), np.flatnonzero(hot.any(0))
    height, width = heat.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def _pixels(path: Path, bundle: Bundle) -> Pixels:
    try:
        return frame_to_pixels(path.read_bytes(), bundle.manifest.input, PHOTO_LIMITS)
    except (BadFrame, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{path} cannot be read: {said}") from error


def _line(found: Explained) -> str:
    where = "nothing in it speaks for that"
    if found.looked_at is not None:
        left, top, right, bottom = (f"{100 * share:.0f}" for share in found.looked_at)
        where = f"looked at {left}-{right} % across, {top}-{bottom} % down"
    named = ", ".join(f"{label} {likely:.3f}" for label, likely in found.labels.items())
    named = named or f"none of its labels, likeliest {found.called} {found.confidence:.3f}"
    alone = len(found.labels) == 1 and found.explains in found.labels
    about = "" if alone else f" of {found.explains}:"
    written = "" if found.written is None else f" → {found.written}"
    return f"{found.picture}: {named},{about} {where} ({found.method}){written}"
