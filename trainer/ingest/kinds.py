"""Which kind of source a path is, told by what lies there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from trainer.errors import DataError
from trainer.ingest.boxes import BoxUse
from trainer.ingest.coco import CocoSource
from trainer.ingest.folder import FolderSource
from trainer.ingest.found import Source
from trainer.ingest.loc import LocSource, is_loc
from trainer.ingest.video import SUFFIXES as VIDEOS
from trainer.ingest.video import VideoSource
from trainer.ingest.yolo import YoloSource, is_yolo

Layout: TypeAlias = Literal["auto", "folder", "loc", "coco", "yolo", "video"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How sources are read."""

    layout: Layout = "auto"
    use: BoxUse = "crops"
    images: Path | None = None
    label: str | None = None
    camera: str | None = None
    every: float = 2.0
    on_scene_change: bool = False


def sources_of(path: Path, how: Reading) -> list[Source]:
    """The sources at a path: a folder that holds videos too has several.

    Raises:
        DataError: nothing is there, or nothing that can be read.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist: expected a folder, a video or a COCO file")
    layout = _layout_of(path) if how.layout == "auto" else how.layout
    if layout == "video":
        return [_video(path, how)]
    if layout == "coco":
        return [CocoSource(path, how.images, how.use, how.camera)]
    if not path.is_dir():
        raise DataError(f"{path} is a file: a source of layout {layout} is a folder")
    if layout == "loc":
        return [LocSource(path, how.use, how.camera)]
    if layout == "yolo":
        return [YoloSource(path, how.use, how.camera)]
    films = sorted(one for one in path.rglob("*") if one.suffix.lower() in VIDEOS)
    inside = [one for one in films if one.is_file() and not one.is_symlink()]
    return [FolderSource(path, how.label, how.camera), *(_video(one, how) for one in inside)]


def _layout_of(path: Path) -> Layout:
    if path.is_file():
        if path.suffix.lower() in VIDEOS:
            return "video"
        if path.suffix.lower() == ".json":
            return "coco"
        known = ", ".join(sorted(VIDEOS))
        raise DataError(f"{path} is neither a video ({known}) nor a COCO file (.json)")
    if is_yolo(path):
        return "yolo"
    return "loc" if is_loc(path) else "folder"


def _video(path: Path, how: Reading) -> VideoSource:
    return VideoSource(path, how.every, how.on_scene_change, how.label, how.camera)
