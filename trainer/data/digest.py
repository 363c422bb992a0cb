"""One hash for a data set, so that a bundle says exactly which pictures it was made from."""

import hashlib
from pathlib import Path

from trainer.data.pictures import Pictures


def data_digest(root: Path, *splits: Pictures) -> str:
    """`sha256:…` over the sorted lines "relative path, sha256 of the file, label"."""
    lines = sorted(
        f"{path.relative_to(root).as_posix()}\t{found}\t{pictures.labels[target]}\n"
        for pictures in splits
        for path, found, target in zip(
            pictures.files, pictures.hashes, pictures.targets, strict=True
        )
    )
    return f"sha256:{hashlib.sha256(''.join(lines).encode()).hexdigest()}"
