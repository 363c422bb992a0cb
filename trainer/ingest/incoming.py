"""Where pictures lie until all of them are there: on the data set's own disk, and private."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer.errors import DataError

_PREFIX = ".incoming-"


@contextmanager
def incoming(out: Path) -> Iterator[Path]:
    """A folder in the data set `out`, which is made; gone at the end whatever happens. What a run
    that was killed left behind goes too.

    Raises:
        DataError: another run is adding to this data set.
    """
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _take(lock, out)
        for path in filter(is_incoming, list(out.iterdir())):
            shutil.rmtree(path, ignore_errors=True)
        folder = out / f"{_PREFIX}{os.getpid()}"
        _keep_private(folder)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if not any(out.iterdir()):
                out.rmdir()
    finally:
        os.close(lock)


def is_incoming(path: Path) -> bool:
    """Whether a path is one of these folders, of a run that goes on or was killed."""
    return path.name.startswith(_PREFIX)


def _take(lock: int, out: Path) -> None:
    """It is taken until the descriptor is closed, which a kill does too."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataError(f"another ingest is adding to {out}: wait for its end") from error


def _keep_private(folder: Path) -> None:
    """Pictures show people: only their owner may look."""
    folder.mkdir(mode=0o700, parents=True)
    os.chmod(folder, 0o700)  # noqa: PTH101 - whatever the umask made of it
