"""One hash for a data set, so that whoever names it says exactly which pictures are meant."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from trainer.data.pictures import Pictures

Line: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Relative path with slashes, sha256 of the file, labels."""


def data_digest(root: Path, *splits: Pictures) -> str:
    """The digest of the pictures that were read from the folder `root`."""
    return digest_of(
        (path.relative_to(root).as_posix(), found, pictures.labels_of(index))
        for pictures in splits
        for index, (path, found) in enumerate(zip(pictures.files, pictures.hashes, strict=True))
    )


def digest_of(lines: Iterable[Line]) -> str:
    """`sha256:…` over the sorted lines "relative path, sha256 of the file, label".

    Several labels are in alphabetical order, with zero bytes between.
    """
    text = "".join(
        sorted(f"{path}\t{found}\t{chr(0).join(sorted(labels))}\n" for path, found, labels in lines)
    )
    # Names of files are bytes; those that are no UTF-8 count as what they are.
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()}"
