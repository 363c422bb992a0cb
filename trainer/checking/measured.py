"""What was measured of each file, kept so that the next run looks only at what changed."""

from pathlib import Path

import msgspec

from deploy.bundle.whole import write_whole
from trainer.likeness.near import Compared

_FILE, _PAIRS = "measured.msgpack", "compared.msgpack"


class Measured(msgspec.Struct, frozen=True):
    """Of one file, told by its size and time of change."""

    size: int
    changed_ns: int
    sha256: str = ""
    problem: str = ""
    """Why it cannot be decoded; empty where it can, and only then is there anything below."""
    width: int = 0
    height: int = 0
    qualities: dict[str, float] = {}
    """What CleanVision's scores are computed from (`trainer.checking.quality`)."""
    grey: bytes = b""
    """uint8 [48, 48], what likeness is told from."""
    features: bytes = b""
    """float32 [F], what is known without a network (`trainer.checking.plain`)."""


class _Kept(msgspec.Struct, tag_field="schema", tag="yardlight.measured/2"):
    files: dict[bytes, Measured]
    """By path, as bytes: a name need not be text."""


class _KeptPairs(msgspec.Struct, tag_field="schema", tag="yardlight.compared/1"):
    pairs: dict[bytes, bool]


def read_measured(folder: Path) -> dict[str, Measured]:
    """Path → what was measured; empty where nothing usable was kept."""
    try:
        kept = msgspec.msgpack.decode((folder / _FILE).read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError, ValueError):
        return {}
    return {path.decode(errors="surrogateescape"): found for path, found in kept.files.items()}


def write_measured(folder: Path, files: dict[str, Measured]) -> None:
    kept = {path.encode(errors="surrogateescape"): found for path, found in files.items()}
    write_whole(folder / _FILE, msgspec.msgpack.encode(_Kept(kept)), 0o600)


def read_compared(folder: Path) -> Compared:
    """Which pairs were compared before; none where nothing usable was kept."""
    try:
        kept = msgspec.msgpack.decode((folder / _PAIRS).read_bytes(), type=_KeptPairs)
    except (OSError, msgspec.MsgspecError, ValueError):
        return Compared()
    return Compared(kept.pairs)


def write_compared(folder: Path, compared: Compared) -> None:
    write_whole(folder / _PAIRS, msgspec.msgpack.encode(_KeptPairs(compared.now)), 0o600)
