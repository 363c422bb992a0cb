"""Which photos `extend` learns from, and which old pictures it is measured on."""

from pathlib import Path

from trainer.data.layout import SUFFIXES, Split, read_split
from trainer.errors import DataError
from trainer.extend_settings import ExtendSettings

_FEWEST = 2


def photos_of(settings: ExtendSettings) -> Split:
    """Photos of one label (`--label`, `--images`) or of several (`--data`).

    Raises:
        DataError: both or neither were given, or there are too few photos to learn from.
    """
    one = settings.label is not None and settings.images is not None
    if one == (settings.data is not None) or (settings.label is None) != (settings.images is None):
        raise DataError("give --label with --images, or --data with a folder of each label")
    split = read_split(settings.data) if settings.data else _of_one(settings)
    for label, files in split.files.items():
        if len(files) < _FEWEST:
            raise DataError(
                f"{split.folder} has {len(files)} photo of {label}: {_FEWEST} are the fewest to "
                "learn from, ten are better"
            )
    return split


def old_split(folder: Path, known: tuple[str, ...]) -> Split:
    """Old pictures, a folder of each label.

    Raises:
        DataError: the bundle does not know one of the labels.
    """
    split = read_split(folder)
    unknown = sorted(split.files.keys() - set(known))
    if unknown:
        raise DataError(f"{folder} has labels that the bundle does not know: {', '.join(unknown)}")
    return split


def _of_one(settings: ExtendSettings) -> Split:
    assert settings.images is not None
    assert settings.label is not None
    if not settings.images.is_dir():
        raise DataError(f"{settings.images} is not a folder: expected one with photos")
    every = settings.images.iterdir()
    files = tuple(sorted(path for path in every if path.suffix.lower() in SUFFIXES))
    if not files:
        raise DataError(f"{settings.images} has no pictures ({', '.join(sorted(SUFFIXES))})")
    return Split(settings.images, {settings.label: files})
