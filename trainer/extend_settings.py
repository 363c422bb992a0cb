"""Every setting of `extend`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendSettings:
    bundle: Path
    """Folder of the bundle to start from; it stays as it is."""

    out: Path
    """Folder of the bundle to write. It must not exist, unless --overwrite."""

    overwrite: Annotated[bool, Parameter(negative=())] = False
    """Replace the bundle at --out."""

    label: str | None = None
    """What --images show: a new label, or one that the bundle knows, as a new camera sees it."""

    images: Path | None = None
    """Folder with 5 to 20 photos of --label."""

    data: Path | None = None
    """Instead of the two: a folder with one folder of photos per label, new or known."""

    old_data: Path | None = None
    """Folder with one folder of old pictures per label, such as DATA/val, to measure what the old
    labels lost. Unless given, that is measured on the features that the bundle remembers."""

    bundle_version: str | None = None
    """Version of the new bundle. The one after the old bundle's unless given."""

    threads: Annotated[int, Parameter(validator=Number(gte=0))] = 0
    """CPU threads; 0 takes every core."""
