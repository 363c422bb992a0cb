"""Prove a bundle again on this machine: its reference, and each of its engines."""

from dataclasses import dataclass, replace
from pathlib import Path

from deploy.bundle.errors import YardlightError
from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import Bundle
from deploy.bundle.reference import check_model
from deploy.certify.parity import certify, certify_reference
from deploy.certify.photos import Photos
from deploy.engines import catalogue
from deploy.engines.certificate import Certificate
from deploy.engines.record import RECORD, EngineRecord, read_record, write_record


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one engine."""

    engine: str
    """Name of its folder, or `reference`."""
    passed: bool
    reason: str
    certificate: Certificate | None
    """None where the engine could not even be run."""


def verify(bundle: Bundle, photos: Photos | None, *, write: bool) -> tuple[Verdict, ...]:
    """Prove the reference and every engine of a bundle.

    Args:
        write: put what was found into each `engine.json`.

    Raises:
        BundleError: the network is not what the manifest says.
    """
    check_model(bundle)
    found = certify_reference(bundle, photos)
    reference = Verdict("reference", found.passed, found.reason, found)
    folders = sorted(path.parent for path in bundle.engines.glob(f"*/{RECORD}"))
    return reference, *(_verdict(bundle, folder, photos, write=write) for folder in folders)


def verify_engine(bundle: Bundle, folder: Path, photos: Photos | None = None) -> EngineRecord:
    """Prove an existing engine again on this machine; its record is left as it is.

    Raises:
        Fatal: it is damaged, or does not load here.
    """
    record = read_record(folder)
    made = record.fingerprint
    catalogue.insist_on_fit(folder, made, catalogue.here(bundle, made))
    engine = catalogue.load(bundle, folder, made.kind, made.precision)
    try:
        golden = read_golden(bundle)
        found = certify(bundle, golden, engine.session(), made.precision, photos)
    finally:
        engine.close()
    return replace(record, certificate=found)


def _verdict(bundle: Bundle, folder: Path, photos: Photos | None, *, write: bool) -> Verdict:
    try:
        record = verify_engine(bundle, folder, photos)
    except YardlightError as error:
        return Verdict(folder.name, passed=False, reason=str(error), certificate=None)
    if write:
        write_record(folder, record)
    found = record.certificate
    return Verdict(folder.name, found.passed, found.reason, found)
