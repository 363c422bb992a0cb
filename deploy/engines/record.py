"""`engine.json`: what a compiled engine is, where it fits, its proof, and what it costs."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal
from deploy.bundle.manifest import Vouch, anybody, sha256_of
from deploy.bundle.whole import write_whole
from deploy.engines.certificate import Certificate, parse_certificate
from deploy.engines.kinds import EngineKind, Precision
from deploy.engines.measurement import Measurement, parse_measurement
from deploy.engines.protocol import CostCurve

SCHEMA = "yardlight.engine/1"
RECORD = "engine.json"
_SEAL = "seal"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a compiled engine depends on. It runs only where all of this is the same."""

    model: str
    """Digest of the bundle whose `model.onnx` was compiled."""
    kind: EngineKind
    builder: str
    """Version of the library that compiled it."""
    precision: Precision
    device: str
    """Processor model and instruction set, or GPU name and compute capability."""
    max_batch: int
    driver: str = ""
    """Version of the device's driver, where a compiled engine depends on one: that of a GPU."""

    @property
    def key(self) -> str:
        """Name of the engine's folder: readable at the front, exact at the end."""
        exact = json.dumps(asdict(self), sort_keys=True).encode()
        return f"{self.kind}-{self.precision}-{hashlib.sha256(exact).hexdigest()[:12]}"

    def misfit(self, here: "Fingerprint") -> str:
        """Each thing that this engine was built for and this machine or bundle is not; empty where
        it fits.
        """
        mine, wanted = asdict(self), asdict(here)
        return ", ".join(
            f"{name.replace('_', '-')} {mine[name]!r}, here it is {wanted[name]!r}"
            for name in mine
            if mine[name] != wanted[name]
        )


@dataclass(frozen=True, slots=True)
class EngineRecord:
    """The content of `engine.json`."""

    fingerprint: Fingerprint
    files: Mapping[str, str]
    certificate: Certificate
    cost: CostCurve
    """What the service plans its batches with."""
    measured: Measurement | None = None
    """What `bench` found, which the cost is then taken from; None where it was not asked yet."""

    @property
    def digest(self) -> str:
        """Identifies the engine in every classification that it made."""
        exact = json.dumps(
            {"fingerprint": asdict(self.fingerprint), "files": dict(self.files)}, sort_keys=True
        )
        return f"sha256:{hashlib.sha256(exact.encode()).hexdigest()}"


def write_record(folder: Path, record: EngineRecord) -> None:
    document = {
        "schema": SCHEMA,
        "fingerprint": asdict(record.fingerprint),
        "files": dict(record.files),
        "certificate": asdict(record.certificate),
        "cost_seconds": record.cost.to_mapping(),
    }
    if record.measured is not None:
        document["measured"] = asdict(record.measured)
    document[_SEAL] = _seal_of(document)
    # Whoever reads meanwhile finds the one before, or this one.
    write_whole(folder / RECORD, (json.dumps(document, indent=2) + "\n").encode())


def read_record(folder: Path, vouch: Vouch = anybody) -> EngineRecord:
    """Read `engine.json` and check the files that it lists.

    Args:
        vouch: is asked about the record before anything of it is parsed; raises if it must not be
            used.

    Raises:
        Fatal: the record is missing, damaged, of an unknown schema, or its files differ.
    """
    path = folder / RECORD
    try:
        text = path.read_bytes()
        vouch(path, text)
        record = _parse(json.loads(text))
    except FileNotFoundError:
        raise Fatal(f"{folder} holds no engine: {path} does not exist") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Fatal(f"{path} is damaged: {type(error).__name__}: {error}") from error
    for name, expected in record.files.items():
        if not (folder / name).is_file() or sha256_of(folder / name) != expected:
            raise Fatal(
                f"{folder / name} is missing or not the file that {path} lists: delete {folder}, "
                "and the engine is built again"
            )
    return record


def refuse_edited(folder: Path) -> None:
    """Insist that a record is as it was written. It proves no more than that nobody changed it by
    hand: against those who know how, it takes a signature.

    Raises:
        Fatal: it was changed since.
    """
    document = json.loads((folder / RECORD).read_bytes())
    if document.get(_SEAL) != _seal_of(document):
        raise Fatal(
            f"{folder / RECORD} was edited after the engine was proven: what it says of the engine "
            "counts for nothing; build the engine again"
        )


def _seal_of(document: dict[str, Any]) -> str:
    sealed = {name: value for name, value in document.items() if name != _SEAL}
    return f"sha256:{hashlib.sha256(json.dumps(sealed, sort_keys=True).encode()).hexdigest()}"


def _parse(document: dict[str, Any]) -> EngineRecord:
    if document["schema"] != SCHEMA:
        raise ValueError(f"schema {document['schema']!r} is not known here, expected {SCHEMA!r}")
    files = {str(name): str(digest) for name, digest in document["files"].items()}
    if any(Path(name).name != name for name in files):
        raise ValueError("a listed file lies outside the engine's folder")
    cost = CostCurve.from_mapping(document["cost_seconds"])
    if not cost.points:
        raise ValueError("cost_seconds is empty, expected at least one batch size")
    measured = document.get("measured")
    return EngineRecord(
        fingerprint=Fingerprint(**document["fingerprint"]),
        files=files,
        certificate=parse_certificate(document["certificate"]),
        cost=cost,
        measured=None if measured is None else parse_measurement(measured),
    )
