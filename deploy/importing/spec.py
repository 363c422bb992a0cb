"""What an ONNX file does not say of itself: labels, size, normalisation, order of the channels."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from deploy.bundle.errors import BundleError
from deploy.bundle.manifest import Activation, InputSpec

Layout: TypeAlias = Literal["nchw", "nhwc"]
Colour: TypeAlias = Literal["rgb", "bgr"]
ScoresKind: TypeAlias = Literal["auto", "logits", "probabilities"]
ActivationChoice: TypeAlias = Literal["auto"] | Activation
PerChannel: TypeAlias = tuple[float, float, float]

_WHITE = 255.0


@dataclass(frozen=True, slots=True)
class ImportSpec:
    """How to read one ONNX classifier."""

    labels: tuple[str, ...]
    """In the order of the network's outputs."""
    input: InputSpec
    mean: PerChannel
    """Subtracted from pixel values 0…255, in the order of the network's own channels."""
    std: PerChannel
    """Divides what is left, in pixel values too: x / 127.5 - 1 is mean 127.5, std 127.5."""
    layout: Layout = "nchw"
    colour: Colour = "rgb"
    """The order of channels that the network was trained with."""
    activation: ActivationChoice = "auto"
    """`auto`: what the network ends in, softmax if it ends in neither."""
    scores: ScoresKind = "auto"
    """What the network gives; `auto` looks at its last nodes and at the values."""
    output: str = ""
    """Which output holds the scores; needed only where several could."""
    name: str = ""
    """Name of the bundle; the ONNX file's own if empty."""
    version: str = "1"
    golden: Path | None = None
    """Folder of photos for the golden frames; frames are drawn without it."""
    overwrite: bool = False


def parse_size(text: str) -> tuple[int, int]:
    """Read `224` or `320x240` as width and height in pixels.

    Raises:
        BundleError: it is neither.
    """
    match = re.fullmatch(r"\s*(\d{1,4})\s*(?:[xX]\s*(\d{1,4})\s*)?", text)
    sides = tuple(int(side) for side in match.groups() if side) if match else (0,)
    if not all(sides):
        raise BundleError(f"size {text!r} is not one: expected 224, or width x height as 320x240")
    return sides[0], sides[-1]


def parse_channels(name: str, text: str) -> PerChannel:
    """Read one number, or three separated by commas, as `mean` or `std` of three channels.

    Raises:
        BundleError: it is neither.
    """
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) == 1:
        values *= 3
    if len(values) != 3:  # noqa: PLR2004 - red, green, blue
        raise BundleError(
            f"{name} {text!r} is not one or three numbers: "
            "expected 127.5, or a number a channel as 123.675,116.28,103.53"
        )
    return values


def read_labels(path: Path) -> tuple[str, ...]:
    """Read one label a line, in the order of the network's outputs.

    Raises:
        BundleError: the file cannot be read, is empty, has an empty line or a label twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError:
        raise BundleError(f"labels: {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"labels: {path} cannot be read as UTF-8 text: {error}") from error
    labels = tuple(line.strip() for line in lines)
    check_labels(labels, str(path))
    return labels


def check_spec(spec: ImportSpec) -> None:
    """Find out what is wrong with a spec before the model is touched.

    Raises:
        BundleError: labels, mean or std cannot be what was meant; says what was.
    """
    check_labels(spec.labels, "labels")
    _refuse_unit_scale(spec)
    if not all(0 <= mean <= _WHITE for mean in spec.mean):
        raise BundleError(f"mean is {_text(spec.mean)}, expected pixel values from 0 to 255")
    if not all(std > 0 and math.isfinite(std) for std in spec.std):
        raise BundleError(f"std is {_text(spec.std)}, expected pixel values above 0")


def check_labels(labels: tuple[str, ...], where: str) -> None:
    """Labels are there, none is empty and none comes twice.

    Raises:
        BundleError: they are not; names the lines.
    """
    if not labels:
        raise BundleError(f"{where}: no labels, expected one a line")
    empty = [str(line) for line, label in enumerate(labels, 1) if not label]
    if empty:
        raise BundleError(f"{where}: line {', '.join(empty)} is empty, expected a label on each")
    lines: dict[str, list[int]] = {}
    for line, label in enumerate(labels, 1):
        lines.setdefault(label, []).append(line)
    repeated = [f"{label!r} (lines {_list(at)})" for label, at in lines.items() if len(at) > 1]
    if repeated:
        raise BundleError(
            f"{where}: labels are not unique, repeated: {', '.join(repeated)}; "
            "give each class a name of its own"
        )


def _refuse_unit_scale(spec: ImportSpec) -> None:
    """Means such as 0.485 belong to pixels of 0…1; taken as 0…255 they would pass unnoticed."""
    if not any(0 < mean <= 1 for mean in spec.mean) and not any(0 < std < 1 for std in spec.std):
        return
    mean, std = (tuple(value * _WHITE for value in values) for values in (spec.mean, spec.std))
    raise BundleError(
        f"mean {_text(spec.mean)} and std {_text(spec.std)} look like fractions of white: "
        "means and stds are in pixel values 0..255; "
        f"did you mean --mean {_text(mean)} --std {_text(std)}?"
    )


def _text(values: tuple[float, ...]) -> str:
    shown = [f"{value:.6g}" for value in values]
    return shown[0] if len(set(shown)) == 1 else ",".join(shown)


def _list(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
