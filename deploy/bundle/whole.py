"""A file is on the disk whole, or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put a file into its place in one step, after it is on the disk.

    Raises:
        OSError: the disk is full, or the folder may not be written; nothing of it stays behind.
    """
    # The name beside it is short: that of the picture may be as long as the file system allows.
    draft = path.with_name(f".{os.getpid()}.{abs(hash(path.name)):x}.draft")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """What a folder holds by name is on the disk when this returns; a file's own bytes are not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
