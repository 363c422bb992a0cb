"""Whatever is wrong with a roll-out, the node says what, and goes on with what it has."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bundle.keys import make_key, read_private_key
from deploy.bundle.manifest import MANIFEST, MODEL, open_bundle, parse_manifest, write_bundle
from deploy.signing.signed import sign_bundle
from edge.audit.report import CLEAN
from tests.candidates import make_candidate
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import SLOT, Yard
from tests.waiting import wait_until

pytestmark = pytest.mark.slow
pytest.importorskip("cryptography", reason="needs the extra 'sign'")
QUOTA = 1 << 20


def not_there(folder: Path) -> str:
    shutil.rmtree(folder)
    return "bundle.json does not exist"


def damaged(folder: Path) -> str:
    (folder / MODEL).write_bytes((folder / MODEL).read_bytes()[:-1])
    return f"{MODEL}: sha256 is"


def not_signed(folder: Path) -> str:
    (folder / "bundle.sig").unlink()
    return "is not signed"


def too_large(folder: Path) -> str:
    (folder / "report").mkdir(exist_ok=True)
    (folder / "report/film.bin").write_bytes(bytes(2 * QUOTA))
    return "no room: "


def no_network(folder: Path) -> str:
    (folder / MODEL).write_bytes(b"no network")
    return f"{MODEL} "


BEFORE_SEALING = (too_large, no_network)
FAULTS: tuple[Callable[[Path], str], ...] = (
    not_there, damaged, not_signed, too_large, no_network,
)  # fmt: skip


def sealed_again(folder: Path) -> None:
    """A bundle of what lies there now, true to itself however useless."""
    path = folder / MANIFEST
    manifest = parse_manifest(path.read_bytes(), str(path))
    path.unlink()
    write_bundle(
        folder,
        name=manifest.name,
        version=manifest.version,
        labels=manifest.labels,
        input_spec=manifest.input,
        outputs=manifest.outputs,
        provenance=manifest.provenance,
    )


def faulty(folder: Path, key: Path, fault: Callable[[Path], str]) -> tuple[Path, str, str]:
    """A bundle with one fault, its digest as it would be ordered, and what a node says of it."""
    make_candidate(folder, version=fault.__name__)
    said = ""
    if fault in BEFORE_SEALING:
        said = fault(folder)
        sealed_again(folder)
    sign_bundle(folder, read_private_key(key), replace=False)
    digest = open_bundle(folder).digest
    return folder, digest, said or fault(folder)


def test_each_fault_has_its_sentence_and_the_next_good_bundle_is_served(
    apache_world: World, tmp_path: Path
) -> None:
    make_key(tmp_path / "key")
    first = Path(shutil.copytree(apache_world.bundle, tmp_path / "first"))
    sign_bundle(first, read_private_key(tmp_path / "key"), replace=False)
    yard = Yard(replace(apache_world, bundle=first), tmp_path)
    words = ("--trust", str(tmp_path / "key.pub"), "--bundles-quota", str(QUOTA))
    with yard.node("one", *words) as node, traffic(yard.world) as coming:
        node.ready()
        for record in (b"{", b'{"schema": "yardlight.rollout/9", "slot": "yard"}'):
            with yard.world.producer() as producer:
                producer.send(yard.world.topics.models_topic, record, SLOT.encode()).get(30)
        for fault in FAULTS:
            folder, digest, why = faulty(tmp_path / fault.__name__, tmp_path / "key", fault)
            told = yard.wait(yard.ordered(folder, digest), "failed")
            assert why in told.reason, fault
            assert told.serving == open_bundle(first).digest
        good = make_candidate(tmp_path / "good").folder
        sign_bundle(good, read_private_key(tmp_path / "key"), replace=False)
        told = yard.wait(yard.ordered(good), "serving")
        assert told.serving == open_bundle(good).digest
        assert node.running
        coming.end()
        wait_until(lambda: yard.world.audit().pending == 0, "all outcomes")
        assert node.stop() == 0, node.said()
    assert node.said().count("a record of roll-outs is ignored") == 2
    assert yard.world.audit().status("exactly-once") == CLEAN
