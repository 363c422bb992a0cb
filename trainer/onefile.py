"""A page as one file that needs nothing from elsewhere: styles, scripts and pictures lie in it."""

import base64
import re
from collections.abc import Mapping
from importlib.resources import files

from deploy.bundle.golden import encode_frame
from deploy.bundle.pixels import Pixels


def filled(package: str, name: str, contents: Mapping[str, str]) -> str:
    """The template `page/NAME.html` of a package, with something in each of its places.

    Args:
        package: as it is imported.
        name: of the template, and of NAME.css and NAME.js beside it, which fill `{style}` and
            `{script}`.
        contents: place → HTML.
    """
    page = files(package) / "page"
    beside = {"style": page / f"{name}.css", "script": page / f"{name}.js"}
    read = {place: path.read_text("utf-8") for place, path in beside.items() if path.is_file()}
    every = {**read, **contents}
    # In one pass: what a name or a label brings along is no place to fill.
    places = re.compile(f"{{({'|'.join(map(re.escape, every))})}}")
    return places.sub(lambda place: every[place[1]], (page / f"{name}.html").read_text("utf-8"))


def jpeg_uri(pixels: Pixels, quality: int) -> str:
    """uint8 [H, W, 3] as a data URI, for the `src` of an image."""
    return as_jpeg_uri(encode_frame(pixels, quality))


def as_jpeg_uri(jpeg: bytes) -> str:
    """A JPEG as a data URI."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
