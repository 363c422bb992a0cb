"""Where a picture's pixels come to lie in the network's input: the geometry of every resize."""

from dataclasses import dataclass

from deploy.bundle.manifest import InputSpec


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Pixels from `left`, `top` on, `width` by `height` of them."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placement:
    """`crop` of the upright picture is scaled to `inner` of the input; around it lies grey."""

    crop: Rectangle
    inner: Rectangle
    area: bool
    """Averaged over areas; else linear between four pixels."""


def place(width: int, height: int, spec: InputSpec) -> Placement:
    """Where a picture of `width` by `height` pixels, standing upright, comes to lie."""
    crop = Rectangle(0, 0, width, height)
    inner = Rectangle(0, 0, spec.width, spec.height)
    if spec.resize == "center-crop":
        crop = _cut(width, height, spec)
    if spec.resize == "letterbox":
        inner = _fit(width, height, spec)
    shrinks = crop.width >= inner.width and crop.height >= inner.height
    return Placement(crop, inner, area=spec.filter == "area" and shrinks)


def _cut(width: int, height: int, spec: InputSpec) -> Rectangle:
    """The largest centred rectangle of the input's aspect."""
    keep_width = max(1, min(width, round(height * spec.width / spec.height)))
    keep_height = max(1, min(height, round(width * spec.height / spec.width)))
    left, top = (width - keep_width) // 2, (height - keep_height) // 2
    return Rectangle(left, top, keep_width, keep_height)


def _fit(width: int, height: int, spec: InputSpec) -> Rectangle:
    """The largest centred rectangle of the picture's aspect within the input."""
    factor = min(spec.width / width, spec.height / height)
    inner_width = max(1, round(width * factor))
    inner_height = max(1, round(height * factor))
    left, top = (spec.width - inner_width) // 2, (spec.height - inner_height) // 2
    return Rectangle(left, top, inner_width, inner_height)
