"""What a bundle holds: its files, its network, its engines, and who signed them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal, MissingDriver
from deploy.bundle.manifest import MANIFEST, Bundle, open_bundle
from deploy.bundle.signature import Trust
from deploy.engines.record import EngineRecord, read_record
from deploy.inspection.compiled import layers_of
from deploy.inspection.network import Network, read_network
from deploy.signing.signed import Standing, engine_records, standing

Layers = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class EngineContents:
    """An engine that lies in the bundle."""

    name: str
    size: int
    """Bytes of all its files."""
    signature: Standing
    record: EngineRecord | None
    layers: Layers
    """Kinds of its layers with their counts, by precision; empty where it was not opened."""
    problem: str
    """Why it cannot be read or opened; empty where it can."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything that can be told of a bundle without running it."""

    bundle: Bundle
    sizes: Mapping[str, int]
    """Bytes of each listed file."""
    signature: Standing
    network: Network | None
    problem: str
    """Why the network is not shown; empty where it is."""
    engines: tuple[EngineContents, ...]


def look_into(folder: Path, trust: Trust, *, open_engines: bool) -> Contents:
    """Read a bundle and all that lies in it.

    Args:
        open_engines: load each engine that fits this machine for its layers: native code.

    Raises:
        Fatal: it is no bundle, or not signed by anybody who is trusted.
    """
    bundle = open_bundle(folder, trust.vouch)
    network, problem = _network(bundle)
    return Contents(
        bundle,
        {path: (folder / path).stat().st_size for path in bundle.manifest.files},
        standing(folder / MANIFEST, trust),
        network,
        problem,
        tuple(
            _engine(bundle, record.parent, trust, open_engines=open_engines)
            for record in engine_records(folder)
        ),
    )


def document_of(contents: Contents) -> dict[str, Any]:
    """All of it for machines."""
    manifest = asdict(contents.bundle.manifest)
    return {
        "digest": contents.bundle.digest,
        **manifest,
        "sizes": dict(contents.sizes),
        "signature": asdict(contents.signature),
        "network": None if contents.network is None else asdict(contents.network),
        "engines": {one.name: _engine_document(one) for one in contents.engines},
    }


def _network(bundle: Bundle) -> tuple[Network | None, str]:
    try:
        return read_network(bundle.model), ""
    except MissingDriver as error:
        return None, str(error)


def _engine(bundle: Bundle, folder: Path, trust: Trust, *, open_engines: bool) -> EngineContents:
    record, layers, problem = None, {}, ""
    try:
        record = read_record(folder, trust.vouch)
        if open_engines:
            layers = dict(layers_of(bundle, folder, trust.vouch))
    except Fatal as error:
        problem = str(error)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    signature = standing(folder / "engine.json", trust)
    return EngineContents(folder.name, size, signature, record, layers, problem)


def _engine_document(one: EngineContents) -> dict[str, Any]:
    record = {} if one.record is None else asdict(one.record)
    told = {name: getattr(one, name) for name in ("size", "layers", "problem")}
    return {**record, **told, "signature": asdict(one.signature)}
