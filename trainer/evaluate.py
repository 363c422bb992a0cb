"""What a bundle gets right on labelled pictures, through the production path."""

from pathlib import Path

import numpy as np

from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import Reference, open_reference
from trainer.data.layout import TRAIN, VAL, Split, read_split
from trainer.data.pictures import Pictures, Watch, read_pictures
from trainer.errors import DataError
from trainer.metrics import Confusion

_BATCH = 32


def evaluate(bundle: Bundle, folder: Path, threads: int, watch: Watch) -> Confusion:
    """Classify `folder/<label>/*` with a bundle.

    Raises:
        DataError: pictures cannot be read, or have labels that the bundle does not know.
    """
    if (folder / TRAIN).is_dir() and (folder / VAL).is_dir():
        raise DataError(f"{folder} is a whole data set: name one split of it, as {folder / VAL}")
    labels = bundle.manifest.labels
    split = _known(read_split(folder), labels)
    pictures = read_pictures(split, labels, bundle.manifest.input, threads, watch)
    return confusion_of(open_reference(bundle.model, threads=threads), pictures)


def confusion_of(reference: Reference, pictures: Pictures) -> Confusion:
    """Compare the reference's answers with the pictures' labels."""
    parts = range(0, len(pictures), _BATCH)
    answers = [reference.probabilities(pictures.pixels[at : at + _BATCH]) for at in parts]
    return Confusion.of(pictures.labels, pictures.targets, np.concatenate(answers).argmax(1))


def _known(split: Split, labels: tuple[str, ...]) -> Split:
    """Keep the bundle's labels: one without pictures is allowed, an unknown one is not."""
    unknown = sorted(split.files.keys() - set(labels))
    if unknown:
        raise DataError(
            f"{split.folder} has labels that the bundle does not know: {', '.join(unknown)}; "
            f"it knows {', '.join(labels)}"
        )
    return Split(split.folder, {label: split.files.get(label, ()) for label in labels})
