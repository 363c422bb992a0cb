"""Bundles whose labels do not exclude each other, in what proves engines equal to them."""

from pathlib import Path

import numpy as np
import pytest

from deploy.bundle.golden import read_golden
from deploy.bundle.manifest import Bundle
from deploy.certify.parity import certify, certify_reference
from deploy.certify.photos import find_photos
from deploy.engines import onnxruntime
from deploy.engines.distance import agreement
from deploy.engines.standby import stand_by
from deploy.importing.importer import import_model
from tests.models import LABELS, SPEC, solid_jpeg, write_network


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("several")
    write_network(folder / "colours.onnx", "Sigmoid")
    return import_model(folder / "colours.onnx", SPEC, folder / "bundle")


def test_two_labels_that_are_there_may_change_places_and_one_that_goes_is_told() -> None:
    expected = np.array([[8.01, 8.02, -5], [-9, -8, -7]], np.float32)
    turned = np.array([[8.02, 8.01, -5], [-7, -8, -9]], np.float32)
    assert agreement(turned, expected, "sigmoid") == 1
    assert agreement(turned, expected, "softmax") == 0
    lost = np.array([[8.01, -0.1, -5], [-9, -8, -7]], np.float32)
    assert agreement(lost, expected, "sigmoid") == 0.5


def test_the_reference_is_certified_and_stands_by(several: Bundle) -> None:
    assert certify_reference(several).passed
    _, record = stand_by(several, 4)
    assert record.certificate.passed


def test_folders_name_one_label_so_no_accuracy_is_claimed_on_them(
    several: Bundle, tmp_path: Path
) -> None:
    for label in LABELS:
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.jpg").write_bytes(solid_jpeg(label))
    photos = find_photos(tmp_path, several, option="--data", least=1)
    session = onnxruntime.load(several).session()
    evidence = certify(several, read_golden(several), session, "fp32", photos).evidence
    assert evidence is not None
    assert (evidence.photos, evidence.agreement, evidence.accuracy) == (len(LABELS), 1, None)
