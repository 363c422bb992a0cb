"""What a bundle gets right on labelled pictures, through the production path."""

from pathlib import Path

import numpy as np

from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import Reference, open_reference
from trainer.data.layout import TRAIN, VAL, Split, read_split
from trainer.data.pictures import Pictures, Watch, read_pictures
from trainer.errors import DataError
from trainer.evaluation import Evaluation
from trainer.report import read_report

_BATCH = 32


def evaluate(
    bundle: Bundle, folder: Path, threads: int, watch: Watch
) -> tuple[Evaluation, Pictures]:
    """Classify `folder/<label>/*` with a bundle.

    Raises:
        DataError: pictures cannot be read, or have labels that the bundle does not know.
    """
    if (folder / TRAIN).is_dir() and (folder / VAL).is_dir():
        raise DataError(f"{folder} is a whole data set: name one split of it, as {folder / VAL}")
    labels = bundle.manifest.labels
    split = _known(read_split(folder), labels)
    pictures = read_pictures(split, labels, bundle.manifest.input, threads, watch)
    reference = open_reference(bundle.model, threads=threads)
    return evaluation_of(reference, pictures, read_report(bundle).temperature), pictures


def evaluation_of(
    reference: Reference, pictures: Pictures, temperature: float | None
) -> Evaluation:
    """Compare the reference's answers with the pictures' labels."""
    parts = range(0, len(pictures), _BATCH)
    answers = [reference.run(pictures.pixels[at : at + _BATCH]) for at in parts]
    probabilities = np.concatenate([answer.probabilities for answer in answers])
    logits = np.concatenate([answer.logits for answer in answers])
    return Evaluation.of(pictures.labels, pictures.targets, probabilities, logits, temperature)


def _known(split: Split, labels: tuple[str, ...]) -> Split:
    """Keep the bundle's labels: one without pictures is allowed, an unknown one is not."""
    unknown = sorted(split.files.keys() - set(labels))
    if unknown:
        raise DataError(
            f"{split.folder} has labels that the bundle does not know: {', '.join(unknown)}; "
            f"it knows {', '.join(labels)}"
        )
    return Split(split.folder, {label: split.files.get(label, ()) for label in labels})
