"""The rules of `yardlight-edge capture`: what meets, what is kept, what is deleted."""

from pathlib import Path

import msgspec
import pytest

from deploy.bundle.annotation import Annotation, annotation_of
from edge.capture.choice import Sample, is_uncertain
from edge.capture.joining import Joining
from edge.capture.vault import Vault
from edge.frame import Partition
from edge.record import Record
from edge.wire import Classification, EngineReference, FrameReference, ModelReference


def record(offset: int, size: int = 10) -> Record:
    return Record(Partition("frames", 0), offset, 0.0, b"gate", bytes(size), ())


def said(offset: int) -> Classification:
    return Classification(
        "gate",
        FrameReference("id", "frames", 0, offset, ""),
        "cat",
        0.9,
        {"cat": 0.9},
        ModelReference("m", "1", "d"),
        EngineReference("k", "fp32", "d"),
        {},
    )


@pytest.mark.parametrize("frame_first", [True, False])
def test_a_frame_and_its_classification_meet_whichever_comes_first(frame_first: bool) -> None:
    joining = Joining(10.0)
    first = joining.frame(record(7), 0.0) if frame_first else joining.classification(said(7))
    met = list(first)
    second = joining.classification(said(7)) if frame_first else joining.frame(record(7), 0.0)
    met += second
    assert [(pair.record.offset, pair.said) for pair in met] == [(7, said(7))]
    assert list(joining.overdue(100.0)) == []


def test_a_frame_waits_so_long_and_so_many_bytes() -> None:
    joining = Joining(10.0, most_bytes=25)
    assert list(joining.frame(record(1), 0.0)) == []
    assert list(joining.frame(record(2), 5.0)) == []
    (pushed_out,) = joining.frame(record(3), 6.0)
    assert (pushed_out.record.offset, pushed_out.said) == (1, None)
    assert list(joining.overdue(15.0)) == []
    assert [pair.record.offset for pair in joining.overdue(15.1)] == [2]


@pytest.mark.parametrize(
    ("scores", "uncertain"),
    [({"cat": 0.5, "dog": 0.4}, True), ({"dog": 0.1, "cat": 0.9}, False), ({"cat": 0.5}, False)],
)
def test_uncertain_is_who_has_two_close_scores(scores: dict[str, float], uncertain: bool) -> None:
    one = msgspec.structs.replace(said(1), scores=scores)
    assert is_uncertain(one, 0.2) is uncertain
    assert not is_uncertain(None, 0.2)


@pytest.mark.parametrize(("share", "taken"), [(1.0, 100), (0.25, 25), (0.1, 10)])
def test_a_sample_is_spread_evenly(share: float, taken: int) -> None:
    sample = Sample(share)
    assert abs(sum(sample.takes() for _ in range(100)) - taken) <= 1


def keep(vault: Vault, second: int) -> Path:
    return vault.keep("gate", float(second), (0, second), ".jpg", bytes(1000), Annotation(()))


def names(vault: Vault) -> list[str]:
    return sorted(path.name for path in vault.folder.rglob("*.jpg"))


def test_the_oldest_make_room_and_what_others_put_there_stays(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "kept", quota=3500, max_age=1e9)
    vault.open()
    foreign = tmp_path / "kept" / "gate" / "mine.jpg"
    for second in range(1, 6):
        path = keep(vault, second)
        vault.tidy(10.0)
    foreign.write_bytes(bytes(9000))
    assert names(vault) == ["0000000003000-0-3.jpg", "0000000004000-0-4.jpg", path.name, "mine.jpg"]
    assert len(list(vault.folder.rglob("*.json"))) == 3


def test_what_is_too_old_is_deleted_after_a_restart_too(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "kept", quota=10**9, max_age=100.0)
    vault.open()
    old, young = keep(vault, 1), keep(vault, 90)
    again = Vault(tmp_path / "kept", quota=10**9, max_age=100.0)
    again.open()
    assert again.tidy(150.0) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert not annotation_of(old).exists()
