"""Lines that are written down before what they say is done, so that a kill loses nothing of it."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.bundle.whole import sync_folder
from trainer.errors import DataError

_END = b"\n"


@contextmanager
def written_down(journal: Path, documents: Iterable[Mapping[str, Any]]) -> Iterator[None]:
    """All of them are on the disk within the `with`, or none. They are struck out again where what
    they say cannot be done and nothing of it was: where the `with` raises `OSError`.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    before = _end_of_whole_lines(journal)
    try:
        append(journal, documents)
        yield
    except OSError:
        if journal.exists():
            os.truncate(journal, before)
        raise


def append(journal: Path, documents: Iterable[Mapping[str, Any]]) -> None:
    """All of them are on the disk when this returns, or none.

    Raises:
        OSError: the disk is full, or the folder may not be written.
    """
    # ASCII: a name that is no text has escapes, and comes back as it was.
    text = "".join(json.dumps(document) + "\n" for document in documents)
    before = _end_of_whole_lines(journal)
    try:
        with journal.open("ab") as file:
            file.truncate(before)
            file.write(text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        if journal.exists():
            os.truncate(journal, before)
        raise
    sync_folder(journal.parent)


def whole_lines(journal: Path) -> list[str]:
    """What was written down; nothing where there is no journal.

    A last line without its end was cut short by a power cut or a kill: nothing of it was done, and
    it is struck out.

    Raises:
        DataError: it holds bytes that nobody wrote.
    """
    if not journal.exists():
        return []
    end = _end_of_whole_lines(journal)
    if end < journal.stat().st_size:
        os.truncate(journal, end)
    try:
        return journal.read_bytes().decode("ascii").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{journal} is damaged at byte {error.start}") from error


def _end_of_whole_lines(journal: Path) -> int:
    """Bytes; the whole file is read only where its last line is cut short."""
    try:
        with journal.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - len(_END)))
            return size if file.read() == _END else journal.read_bytes().rfind(_END) + len(_END)
    except FileNotFoundError:
        return 0
