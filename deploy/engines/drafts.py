"""Folders of engines that are being built: who builds is in their name, so what a builder that was
ended has left can be told from what another is at.
"""

import shutil
from pathlib import Path

_PREFIX = ".building-"


def draft_prefix(builder: int) -> str:
    """What the name of such a folder begins with.

    Args:
        builder: its process id.
    """
    return f"{_PREFIX}{builder}-"


def sweep(folder: Path, builder: int | None = None) -> None:
    """Delete what a builder that is gone left in a folder for engines; None is any of them, where
    it is known that nobody builds there now.
    """
    prefix = _PREFIX if builder is None else draft_prefix(builder)
    for draft in folder.glob(f"{prefix}*"):
        shutil.rmtree(draft, ignore_errors=True)
