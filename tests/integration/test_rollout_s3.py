"""A bundle in S3, ordered by its address: read by the command, fetched by the nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.candidates import make_candidate
from tests.integration.running import refusal
from tests.integration.test_rollout import traffic
from tests.integration.world import World
from tests.integration.yard import Yard
from tests.s3 import SECRET, Bucket, s3_server

pytestmark = pytest.mark.slow
pytest.importorskip("s3fs", reason="needs the extra 'remote'")


@pytest.fixture
def yard(apache_world: World, tmp_path: Path) -> Yard:
    return Yard(apache_world, tmp_path)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    with s3_server("yard") as made:
        for name, value in (made.environment | no_account(tmp_path)).items():
            monkeypatch.setenv(name, value)
        yield made


def no_account(folder: Path) -> dict[str, str]:
    """Of whoever runs these tests."""
    names = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    return {name: str(folder / "none") for name in names}


def test_a_bundle_in_s3_is_served_and_its_secret_stands_nowhere(
    yard: Yard, bucket: Bucket, tmp_path: Path
) -> None:
    new = make_candidate(tmp_path / "new")
    where = bucket.put(new.folder, "bundles/new")
    with yard.node("one", "--log-level", "debug") as node:
        node.ready()
        with traffic(yard.world):
            done = yard.roll_out(where, "--wait")
            assert done.returncode == 0, done.stdout + done.stderr + node.said()
        assert node.stop() == 0, node.said()
    assert yard.said()["one"].serving == new.digest
    assert SECRET not in node.said() + done.stdout + done.stderr


def test_who_has_no_credentials_is_told_so_command_and_node_alike(
    yard: Yard, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = make_candidate(tmp_path / "new")
    where = bucket.put(new.folder, "bundles/new")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    refused = yard.roll_out(where)
    assert refused.returncode == 1
    assert "takes credentials, and there are none that can be used" in refusal(refused)
    with yard.node("one") as node:
        node.ready()
        told = yard.wait(yard.ordered_from(where, new.digest), "failed")
        assert "takes credentials, and there are none that can be used" in told.reason
        assert node.stop() == 0, node.said()
