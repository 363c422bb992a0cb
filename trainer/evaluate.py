"""What a bundle gets right on labelled pictures, through the production path."""

from pathlib import Path

import numpy as np

from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import Reference, open_reference
from trainer.calibration import Calibration
from trainer.data.annotated import read_annotated
from trainer.data.layout import TRAIN, VAL, Shown, Split, read_split
from trainer.data.pictures import Pictures, Watch, read_pictures
from trainer.errors import DataError
from trainer.evaluation import Evaluation
from trainer.report import read_report
from trainer.settings import NOTHING
from trainer.tasks.known import task_of
from trainer.tasks.task import Task

_BATCH = 32


def evaluate(
    bundle: Bundle, folder: Path, threads: int, watch: Watch
) -> tuple[Evaluation, Pictures]:
    """Classify `folder/<label>/*` with a bundle; where its labels do not exclude each other,
    the annotations beside the pictures say what they show.

    Raises:
        DataError: pictures cannot be read, or have labels that the bundle does not know.
    """
    if (folder / TRAIN).is_dir() and (folder / VAL).is_dir():
        raise DataError(f"{folder} is a whole data set: name one split of it, as {folder / VAL}")
    labels = bundle.manifest.labels
    pictures = read_pictures(_split(bundle, folder), labels, bundle.manifest.input, threads, watch)
    reference = open_reference(bundle.model, threads=threads)
    task = task_of(bundle.manifest.outputs.activation)
    return evaluation_of(task, reference, pictures, read_report(bundle).calibration), pictures


def evaluation_of(
    task: Task, reference: Reference, pictures: Pictures, calibration: Calibration | None
) -> Evaluation:
    """Compare the reference's answers with the pictures' labels."""
    parts = range(0, len(pictures), _BATCH)
    answers = [reference.run(pictures.pixels[at : at + _BATCH]) for at in parts]
    probabilities = np.concatenate([answer.probabilities for answer in answers])
    logits = np.concatenate([answer.logits for answer in answers])
    return Evaluation.of(task, pictures.labels, pictures.shown, probabilities, logits, calibration)


def _split(bundle: Bundle, folder: Path) -> Shown:
    manifest = bundle.manifest
    if manifest.outputs.activation == "softmax":
        return _known(read_split(folder), manifest.labels)
    nothing = manifest.provenance.get("config", {}).get("nothing", NOTHING)
    return read_annotated(folder, nothing).of(manifest.labels, f"{bundle.folder} does not know")


def _known(split: Split, labels: tuple[str, ...]) -> Split:
    """Keep the bundle's labels: one without pictures is allowed, an unknown one is not."""
    unknown = sorted(split.files.keys() - set(labels))
    if unknown:
        raise DataError(
            f"{split.folder} has labels that the bundle does not know: {', '.join(unknown)}; "
            f"it knows {', '.join(labels)}"
        )
    return Split(split.folder, {label: split.files.get(label, ()) for label in labels})
