"""Keys for tests, made as a user makes them."""

from pathlib import Path

from deploy.bundle.command import DONE
from tests.unit.deploying import deploy


def new_key(folder: Path, name: str = "key") -> Path:
    """The private key's file; the public one lies beside it."""
    assert deploy("keygen", "--out", folder / name) == DONE
    return folder / name


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")
