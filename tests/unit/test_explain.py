"""What a network looked at, on networks and pictures where that is known."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from deploy.bundle.command import run_command_line
from deploy.bundle.manifest import open_bundle
from deploy.bundle.pixels import Pixels
from deploy.bundle.reference import open_reference
from edge.demo import BUNDLE
from tests.models import COLOURS, solid_pixels
from trainer.cli import app
from trainer.explaining.command import hot_box
from trainer.explaining.drawing import overlaid
from trainer.explaining.heat import Explainer


def patched(label: str, around: str = "background") -> Pixels:
    """A picture of one colour with a patch of another in its upper left quarter."""
    pixels = solid_pixels(around)
    pixels[4:12, 4:12] = COLOURS[label]
    return pixels


def mass(heat: np.ndarray[Any, Any], quarter: tuple[slice, slice]) -> float:
    return float(heat[quarter].sum() / heat.sum())


UPPER_LEFT = (slice(0, 16), slice(0, 16))


def test_occlusion_finds_the_patch_that_a_label_was_told_by(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    explainer = Explainer.of(bundle, open_reference(bundle.model, threads=1))
    found = explainer.heat(patched("vehicle"), bundle.manifest.labels.index("vehicle"))
    assert found.method == "occlusion"
    assert found.values.shape == (32, 32)
    assert mass(found.values, UPPER_LEFT) > 0.95


def test_where_nothing_speaks_for_a_label_there_is_no_heat(tiny_bundle: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    explainer = Explainer.of(bundle, open_reference(bundle.model, threads=1))
    found = explainer.heat(solid_pixels("background"), 0)
    assert not found.values.any()
    assert hot_box(found.values) is None


def test_grad_cam_without_torch_is_the_gradient_of_the_logit() -> None:
    """Moving the planes a little changes the logit by as much as the weights say."""
    from trainer.dense_layer import read_dense
    from trainer.explaining.heat import _gradient

    bundle = open_bundle(BUNDLE)
    reference, dense = open_reference(bundle.model, threads=1), read_dense(bundle.model)
    pixels = np.random.default_rng(1).integers(0, 256, (1, 128, 128, 3), np.uint8)
    found = reference.named(pixels, ("embedding", "feature_map"))
    planes = found["feature_map"][0].astype(np.float64)
    weights = _gradient(dense.weight[2], found["embedding"][0], found["feature_map"][0])
    assert weights is not None
    logit = dense.weight[2] @ pooled(planes)
    for plane in (0, 5, 77):
        moved = planes.copy()
        moved[plane] += 1e-3  # everywhere: the sum of all gradients of this plane
        assert (dense.weight[2] @ pooled(moved) - logit) / 1e-3 == pytest.approx(
            float(weights[plane]), rel=1e-3, abs=1e-6
        )


def pooled(planes: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.concatenate([planes.mean((1, 2)), planes.max((1, 2))])


def test_the_demos_network_is_explained_by_grad_cam() -> None:
    bundle = open_bundle(BUNDLE)
    explainer = Explainer.of(bundle, open_reference(bundle.model, threads=1))
    pixels = np.random.default_rng(1).integers(0, 256, (128, 128, 3), np.uint8)
    found = explainer.heat(pixels, 0)
    assert found.method == "Grad-CAM"
    assert found.values.shape == (128, 128)
    assert 0 <= found.values.min() <= found.values.max() <= 1


def test_heat_is_laid_over_the_picture_and_leaves_the_cold_part_to_be_seen() -> None:
    heat = np.zeros((32, 32), np.float32)
    heat[UPPER_LEFT] = 1
    cold, hot = overlaid(patched("parcel"), heat)[[20, 8], [20, 8]]
    assert cold.tolist() == [128, 128, 128]
    assert hot.tolist() != patched("parcel")[8, 8].tolist()


def write(folder: Path, name: str, label: str) -> Path:
    path = folder / name
    big = cv2.resize(patched(label), (64, 64), interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(path), big[..., ::-1])
    return path


def typed(*words: str | Path) -> int:
    return run_command_line(app, [str(word) for word in words])


def test_explain_says_what_and_where_and_writes_nothing_unasked(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = write(tmp_path, "a.png", "pedestrian")
    assert typed("explain", tiny_bundle, picture, "--label", "pedestrian") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{picture}: ")
    assert "of pedestrian: looked at " in said
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_explain_writes_a_picture_for_each_where_it_is_told_to(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [write(tmp_path, f"{label}.png", label) for label in ("vehicle", "parcel")]
    out = tmp_path / "heat"
    assert typed("explain", tiny_bundle, *pictures, "--out", out, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [Path(one["written"]).name for one in found] == ["000-vehicle.png", "001-parcel.png"]
    drawn = cv2.imread(found[0]["written"])
    assert drawn is not None
    assert drawn.shape == (448, 896, 3)
    assert out.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["missing.jpg"], "missing.jpg cannot be read: No such file"),
        ([], "give one picture at least"),
        (["a.png", "--label", "owl"], "--label owl is none of the bundle's: vehicle, ped"),
    ],
)
def test_explain_says_what_it_needs(
    tiny_bundle: Path, words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = typed("explain", tiny_bundle, *words)
    assert status in {1, 2}
    if words:
        assert complaint in capsys.readouterr().err
