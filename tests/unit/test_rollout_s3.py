"""A bundle that lies in S3, as a server of it says: fetched, cut, wrong, not there, not for us."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.manifest import MANIFEST, MODEL, anybody, open_bundle
from edge.rollout.store import Store
from edge.rollout.words import BundlePlace
from tests.s3 import SECRET, Bucket, s3_server
from tests.unit.test_rollout_fetching import fetching, left_over, store

__all__ = ["store"]
pytestmark = pytest.mark.slow
s3fs = pytest.importorskip("s3fs", reason="needs the extra 'remote'")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    """Of a server that we may use, and no other account of whoever runs this."""
    with s3_server("yard") as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        for file in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(file, str(tmp_path / "none"))
        yield made
        s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def wanted(bucket: Bucket, tiny_bundle: Path) -> BundlePlace:
    return BundlePlace(bucket.put(tiny_bundle, "bundles/2"), open_bundle(tiny_bundle).digest)


def test_a_bundle_is_fetched_whole_and_each_file_asked_for_once(
    bucket: Bucket, store: Store, wanted: BundlePlace
) -> None:
    found = fetching(store).fetch(wanted)
    assert found.digest == wanted.digest
    assert store.find(wanted.digest, anybody) == found
    files = [*found.manifest.files, MANIFEST]
    got = [path for path in bucket.asked if not path.endswith(("/yard", "bundle.sig"))]
    assert sorted(got) == sorted(f"/yard/bundles/2/{name}" for name in files)


def test_half_a_download_goes_on_where_it_stopped(
    bucket: Bucket, store: Store, wanted: BundlePlace
) -> None:
    bucket.cut_at = MODEL
    with pytest.raises(Unavailable, match=rf"{MODEL} cannot be fetched"):
        fetching(store).fetch(wanted)
    (draft,) = left_over(store)
    whole = {it.name for it in (store.folder / draft).rglob("*.jpg")}
    assert whole
    bucket.cut_at = ""
    bucket.asked.clear()
    assert fetching(store).fetch(wanted).digest == wanted.digest
    assert not [path for path in bucket.asked if path.endswith(".jpg")]


def test_half_a_file_goes_on_where_it_stopped(
    bucket: Bucket, store: Store, wanted: BundlePlace, tiny_bundle: Path
) -> None:
    half = (tiny_bundle / MODEL).read_bytes()
    half = half[: len(half) // 2]
    with store.drafting(wanted.digest, lambda _: False) as draft:
        assert draft is not None
        (draft / MODEL).write_bytes(half)
    assert fetching(store).fetch(wanted).digest == wanted.digest
    of_network = [
        part for at, part in zip(bucket.asked, bucket.ranges, strict=True) if at.endswith(MODEL)
    ]
    assert [part.partition("-")[0] for part in of_network] == [f"bytes={len(half)}"]


def test_another_bundle_than_was_ordered_leaves_nothing_behind(
    store: Store, wanted: BundlePlace
) -> None:
    other = BundlePlace(wanted.uri, f"sha256:{'0' * 64}")
    with pytest.raises(Fatal, match=r"holds sha256:\w+, expected sha256:000"):
        fetching(store).fetch(other)
    assert left_over(store) == []


def test_what_is_not_there_is_found_once_it_is(
    bucket: Bucket, store: Store, wanted: BundlePlace, tiny_bundle: Path
) -> None:
    for uri, why in (
        ("s3://nobodys-bucket/2", "the specified bucket does not exist"),
        ("s3://yard/bundles/3", r"s3://yard/bundles/3/bundle.json does not exist$"),
    ):
        with pytest.raises(Fatal, match=f"(?i){why}"):
            fetching(store).fetch(BundlePlace(uri, wanted.digest))
    later = bucket.put(tiny_bundle, "bundles/3")
    assert fetching(store).fetch(BundlePlace(later, wanted.digest)).digest == wanted.digest


def test_without_credentials_one_sentence_says_so(
    store: Store, wanted: BundlePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(Fatal, match=r"bundle.json takes credentials, and there are none") as said:
        fetching(store).fetch(wanted)
    assert "\n" not in str(said.value)


def test_wrong_credentials_are_refused_and_nobody_reads_them(
    bucket: Bucket,
    store: Store,
    wanted: BundlePlace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    with bucket.locked(), pytest.raises(Fatal, match=r"bundle.json cannot be read: ") as said:
        fetching(store).fetch(wanted)
    assert SECRET not in str(said.value)
    assert SECRET not in caplog.text


def test_a_server_that_is_away_is_asked_again(
    store: Store, wanted: BundlePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(Unavailable, match="cannot be fetched"):
        fetching(store).fetch(wanted)


def test_without_its_driver_one_sentence_says_what_to_install(
    store: Store, wanted: BundlePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = pytest.importorskip("fsspec.registry")
    monkeypatch.delitem(registry._registry, "s3", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(Fatal, match="takes a package that is not installed: Install s3fs"):
        fetching(store).fetch(wanted)
