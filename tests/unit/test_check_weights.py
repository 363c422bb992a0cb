"""`yardlight-train check --weights`: pretrained weights tell pictures apart, as in `fit`."""

from pathlib import Path

import pytest

pytest.importorskip("cleanlab", reason="needs the extra 'data'")
pytest.importorskip("cleanvision", reason="needs the extra 'data'")
pytest.importorskip("timm", reason="needs the extra 'train'")

import timm
import torch

import trainer.networks.pretrained
from tests.pictures import write_picture
from tests.unit import checking
from tests.unit.checking import report

pytestmark = pytest.mark.slow
BACKBONE = "mobilenetv3_small_050"


def check(data: Path, *words: str | Path) -> int:
    return checking.check(data, "--size", "32", *words)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in range(8):
        write_picture(tmp_path / "data/train" / "ab"[number % 2] / f"{number}.jpg", number)
    return tmp_path / "data"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    torch.save(timm.create_model(BACKBONE, num_classes=4).state_dict(), tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def test_weights_tell_pictures_apart_and_are_asked_once(
    data: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--backbone", BACKBONE, "--weights", weights)
    assert check(data) == 0
    plain = report(data)
    assert check(data, *words) == 0
    assert "dialect" in capsys.readouterr().err
    seen = report(data)
    assert seen["ranking"] != plain["ranking"]
    assert seen["digest"] == plain["digest"]
    monkeypatch.delattr(trainer.networks.pretrained, "pretrained")
    assert check(data, *words) == 0
    assert report(data) == seen


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--weights", "w.pth"], "--backbone and --weights go together"),
        (["--backbone", BACKBONE], "--backbone and --weights go together"),
        (["--backbone", BACKBONE, "--weights", "missing.pth"], "missing.pth cannot be read"),
    ],
)
def test_half_of_what_is_needed_is_refused_before_anything_is_looked_at(
    data: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert check(data, *words) == 1
    assert said in " ".join(capsys.readouterr().err.split())
    assert not data.with_name("data-check").exists()


def test_weights_of_another_network_are_refused_as_fit_refuses_them(
    data: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(data, "--backbone", "resnet18", "--weights", weights) == 1
    assert "does not fit the network" in " ".join(capsys.readouterr().err.split())


def test_one_network_is_enough(
    data: Path, weights: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--bundle", tiny_bundle, "--backbone", BACKBONE, "--weights", weights)
    assert check(data, *words) == 1
    assert "give --bundle or --weights" in " ".join(capsys.readouterr().err.split())
