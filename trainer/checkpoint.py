"""A checkpoint on disk: written whole or not at all, read without running what it holds."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch

from deploy.bundle.errors import Fatal
from trainer.errors import WrongCheckpoint

State: TypeAlias = Mapping[str, Any]
"""Tensors, numbers, texts, lists and mappings of them."""
SCHEMA = "yardlight.checkpoint/1"


def write_checkpoint(path: Path, state: State) -> None:
    """Replace the checkpoint at `path` in one step, after the new one is on the disk.

    Raises:
        Fatal: there is no room, or the folder may not be written; the old one is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with draft.open("wb") as file:
            torch.save({"schema": SCHEMA, **state}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except (OSError, RuntimeError) as error:  # torch wraps what the file says
        draft.unlink(missing_ok=True)
        raise Fatal(f"{path} cannot be written: {_reason(error)}") from error


def read_checkpoint(path: Path) -> State | None:
    """The checkpoint at `path`, None where there is none.

    Raises:
        WrongCheckpoint: the file is damaged, or nothing that `fit` wrote.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        raise WrongCheckpoint(
            f"{path} is no checkpoint that can be read ({_reason(error)}): remove it to begin anew"
        ) from error
    found = state.get("schema") if isinstance(state, dict) else None
    if found != SCHEMA:
        raise WrongCheckpoint(f"{path} has schema {found!r}, expected {SCHEMA!r}: remove it")
    return dict(state)


def _reason(error: Exception) -> str:
    """The first line of what went wrong, and of what was wrong before it."""
    cause = error.__context__ if isinstance(error.__context__, OSError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(error).partition("\n")[0]
