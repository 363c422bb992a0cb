"""`yardlight-train ingest`: pictures from folders, videos and annotated sets into one data set."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from trainer.ingest.boxes import BoxUse
from trainer.ingest.gather import Gathered, Splitting, gather
from trainer.ingest.kinds import Layout, Reading, sources_of
from trainer.progress import Live


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    out: Path
    """Folder of the data set; pictures are added to one that is there."""

    layout: Layout = "auto"
    """How the sources are laid out: folder is LABEL/*, {train,val}/LABEL/*, what `capture` saved,
    or just pictures; loc is ImageNet's XML and CSV; auto looks at what is there."""

    boxes: BoxUse = "crops"
    """What boxes become: a picture each, or the labels of the whole picture, largest first."""

    images: Path | None = None
    """Folder of the pictures that a COCO file names; the file's own unless given."""

    label: str | None = None
    """The label of all pictures, whatever folder they lie in."""

    camera: str | None = None
    """The camera that took them; a video's is its name unless given."""

    every: Annotated[float, Parameter(validator=Number(gt=0))] = 2.0
    """Seconds of video from one frame to the next."""

    scene_change: Annotated[bool, Parameter(negative=())] = False
    """Take a video's frame wherever the scene changes, instead of every so many seconds."""

    val: Annotated[float, Parameter(validator=Number(gte=0, lt=1))] = 0.2
    """Share of each label to measure with, where the source has no splits of its own."""

    neighbours: Annotated[float, Parameter(validator=Number(gte=0))] = 10.0
    """Seconds: frames of a camera that follow each other this closely stay in the same split."""

    seed: int = 0
    """Another seed deals the pictures out otherwise."""


def ingest_command(sources: tuple[Path, ...], /, *, settings: IngestSettings) -> None:
    """Collect pictures into a data set: ImageNet layout, an annotation each, and splits.

    Each picture is taken once. Near-duplicates, crops of one picture and neighbouring frames of a
    camera stay in the same split. Pictures that nobody has labelled, or that were labelled in
    contradiction, wait in `unlabelled/` for `yardlight-train label`.

    Args:
        sources: folders, video files, COCO files.
    """
    how = Reading(
        settings.layout,
        settings.boxes,
        settings.images,
        settings.label,
        settings.camera,
        settings.every,
        settings.scene_change,
    )
    every = [source for path in sources for source in sources_of(path, how)]
    splitting = Splitting(settings.val, settings.neighbours, settings.seed)
    with Live() as live:
        gathered = gather(every, settings.out, splitting, live)
    _say(gathered, settings.out)


def _say(gathered: Gathered, out: Path) -> None:
    total = sum(gathered.taken.values())
    sys.stdout.write(
        f"{out}: {total} new pictures, {gathered.repeated} known already; "
        f"{gathered.groups} groups that stay together\n"
    )
    for (split, label), count in sorted(gathered.taken.items(), key=str):
        sys.stdout.write(f"{count:6} {split} {label or '(no label yet)'}\n")
    for why, count in gathered.losses.counts.most_common():
        sys.stdout.write(f"{count:6} {why}, such as {gathered.losses.examples[why]}\n")
