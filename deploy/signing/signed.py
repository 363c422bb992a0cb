"""A bundle's manifest and the records of its engines: who signed them, and whose word holds."""

from dataclasses import dataclass
from pathlib import Path

from deploy.bundle.errors import Fatal
from deploy.bundle.keys import PrivateKey
from deploy.bundle.manifest import ENGINES, MANIFEST, open_bundle
from deploy.bundle.signature import Trust, read_signatures, sign, signer_of
from deploy.engines.record import RECORD, read_record


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one manifest's signatures."""

    path: Path
    keys: tuple[str, ...]
    """Ids of the keys that say they signed it; empty where nobody did."""
    holds: str = ""
    """Id of the trusted key whose signature holds; empty where none does."""
    reason: str = ""
    """Why none holds."""


def sign_bundle(folder: Path, key: PrivateKey, *, replace: bool) -> list[Standing]:
    """Sign the manifest and every engine that lies in the bundle, whose files are checked first.

    Raises:
        Fatal: the bundle or one of its engines is not what it says; nothing is signed then.
    """
    bundle = open_bundle(folder)
    records = engine_records(folder)
    for record in records:
        model = read_record(record.parent).fingerprint.model
        if model != bundle.digest:
            raise Fatal(f"{record} was built from another model, {model}: build it again")
    signed = [bundle.folder / MANIFEST, *records]
    return [Standing(path, tuple(sign(path, key, replace=replace))) for path in signed]


def standing(path: Path, trust: Trust) -> Standing:
    """Look at one manifest; without any trusted key only who says to have signed it is told."""
    keys: tuple[str, ...] = ()
    try:
        keys = tuple(signature.key for signature in read_signatures(path))
        if not trust.keys:
            return Standing(path, keys)
        return Standing(path, keys, holds=signer_of(path, path.read_bytes(), trust.keys))
    except Fatal as error:
        return Standing(path, keys, reason=str(error))


def engine_records(folder: Path) -> list[Path]:
    """`engine.json` of each engine that lies in a bundle."""
    return sorted((folder / ENGINES).glob(f"*/{RECORD}"))
