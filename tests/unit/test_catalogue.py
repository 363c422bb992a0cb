"""Which engine is chosen, and which compiled ones are refused and why."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.errors import Fatal, MissingDriver
from deploy.bundle.manifest import Bundle, open_bundle, sha256_of
from deploy.engines import catalogue, openvino
from deploy.engines.kinds import Choice, EngineKind
from deploy.engines.record import RECORD, Fingerprint, read_record, write_record

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def bundle(tiny_bundle: Path) -> Bundle:
    return open_bundle(tiny_bundle)


@pytest.fixture
def wanted(bundle: Bundle) -> Fingerprint:
    return catalogue.fingerprint(bundle, "onnxruntime", "fp32", 2)


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """A folder with an engine for `wanted`, and a file beside its record."""
    spec = BuildSpec("onnxruntime", max_batch=2)
    place = build_engine(bundle, spec, tmp_path, lambda _: None)
    (place / "model.blob").write_bytes(b"compiled")
    record = read_record(place)
    write_record(place, replace(record, files={"model.blob": sha256_of(place / "model.blob")}))
    return place


# Which one


@pytest.mark.parametrize("choice", ["openvino", "onnxruntime"])
def test_an_engine_that_was_asked_for_is_the_one(choice: Choice) -> None:
    chosen = catalogue.choose(choice)
    assert (chosen.kind, chosen.why, chosen.fallback) == (choice, "asked for", False)


def test_auto_is_openvino_where_it_is_installed_and_says_why() -> None:
    pytest.importorskip("openvino")
    chosen = catalogue.choose("auto")
    assert (chosen.kind, "OpenVINO is installed" in chosen.why) == ("openvino", True)


def test_auto_is_onnxruntime_where_openvino_is_absent_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    chosen = catalogue.choose("auto")
    assert (chosen.kind, chosen.fallback) == ("onnxruntime", True)
    assert chosen.why == "auto: OpenVINO is not installed (extra 'cpu')"


@pytest.mark.parametrize(
    "use",
    [
        lambda bundle: catalogue.fingerprint(bundle, "openvino", "fp32", 8),
        lambda bundle: catalogue.load(bundle, bundle.folder, "openvino", "fp32"),
        lambda bundle: openvino.compile_model(bundle, "fp32", b""),
    ],
    ids=["fingerprint", "load", "compile"],
)
def test_a_missing_driver_is_one_sentence_that_names_the_extra(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, use: Callable[[Bundle], object]
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingDriver) as refused:
        use(bundle)
    assert str(refused.value) == "openvino is not installed: pip install 'yardlight[cpu]'"


@pytest.mark.parametrize(
    ("kind", "library", "extra"),
    [("tensorrt", "tensorrt", "gpu"), ("tensorrt-rtx", "tensorrt_rtx_bindings", "rtx")],
)
def test_a_missing_library_of_nvidia_is_one_sentence_that_names_the_extra(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, kind: EngineKind, library: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDriver) as refused:
        catalogue.fingerprint(bundle, kind, "fp32", 8)
    assert str(refused.value) == f"{kind} is not installed: pip install 'yardlight[{extra}]'"


# Which compiled one


def test_the_first_place_that_has_the_engine_is_taken(tmp_path: Path, wanted: Fingerprint) -> None:
    places = [tmp_path / name for name in ("nowhere", "first", "second")]
    for place in places[1:]:
        (place / wanted.key).mkdir(parents=True)
        (place / wanted.key / RECORD).write_text("{}", encoding="utf-8")
    assert catalogue.find(wanted, places) == places[1] / wanted.key
    assert catalogue.find(replace(wanted, max_batch=3), places) is None


def test_a_folder_without_its_record_is_no_engine(tmp_path: Path, wanted: Fingerprint) -> None:
    (tmp_path / wanted.key).mkdir()
    assert catalogue.find(wanted, [tmp_path]) is None


@pytest.mark.parametrize(
    "other",
    [
        {"model": "sha256:other"},
        {"kind": "openvino"},
        {"builder": "onnxruntime 0.1"},
        {"precision": "bf16"},
        {"device": "another processor"},
        {"max_batch": 3},
    ],
    ids=lambda other: next(iter(other)),
)
def test_every_part_of_a_fingerprint_counts(
    bundle: Bundle, tmp_path: Path, wanted: Fingerprint, other: dict[str, Any]
) -> None:
    place = build_engine(bundle, BuildSpec("onnxruntime", max_batch=2), tmp_path, lambda _: None)
    assert catalogue.read_fitting(place, wanted).fingerprint == wanted
    needed = replace(wanted, **other)
    assert needed.key != wanted.key
    (value,) = other.values()
    with pytest.raises(Fatal, match=rf"was built for .*, here it is '?{value}") as refused:
        catalogue.read_fitting(place, needed)
    assert str(place) in str(refused.value)
    assert str(next(iter(other.values()))) in str(refused.value)


def test_an_engine_that_was_not_proven_equal_is_refused_with_the_reason(
    bundle: Bundle, tmp_path: Path, wanted: Fingerprint
) -> None:
    place = build_engine(bundle, BuildSpec("onnxruntime", max_batch=2), tmp_path, lambda _: None)
    record = read_record(place)
    failed = replace(record.certificate, passed=False, reason="smallest cosine 0.5")
    write_record(place, replace(record, certificate=failed))
    with pytest.raises(Fatal, match=r"was not proven equal: smallest cosine 0\.5") as refused:
        catalogue.read_fitting(place, wanted)
    assert str(place) in str(refused.value)


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_a_file_that_is_not_the_one_that_was_proven_is_refused_by_name(
    folder: Path, wanted: Fingerprint, change: str
) -> None:
    catalogue.read_fitting(folder, wanted)
    if change == "gone":
        (folder / "model.blob").unlink()
    else:
        (folder / "model.blob").write_bytes(b"compiled by somebody else")
    with pytest.raises(Fatal, match="is missing or not the file") as refused:
        catalogue.read_fitting(folder, wanted)
    assert str(folder / "model.blob") in str(refused.value)


# A record that is damaged


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b"{}"])
def test_a_record_that_is_no_record_is_refused_by_name(folder: Path, text: bytes) -> None:
    (folder / RECORD).write_bytes(text)
    with pytest.raises(Fatal, match="is damaged") as refused:
        read_record(folder)
    assert str(folder / RECORD) in str(refused.value)


def test_a_folder_without_a_record_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="holds no engine") as refused:
        read_record(tmp_path)
    assert str(tmp_path / RECORD) in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.update(schema="yardlight.engine/9"), "yardlight.engine/9"),
        (lambda record: record.pop("certificate"), "certificate"),
        (lambda record: record["fingerprint"].pop("device"), "device"),
        (lambda record: record["fingerprint"].update(colour="red"), "colour"),
        (lambda record: record.update(files=["model.blob"]), "damaged"),
        (lambda record: record.update(files={"../model.blob": "0"}), "outside"),
        (lambda record: record.update(files={"/etc/passwd": "0"}), "outside"),
        (lambda record: record.update(cost_seconds={}), "cost"),
        (lambda record: record.update(cost_seconds={"many": 0.1}), "many"),
    ],
)
def test_a_record_with_a_wrong_field_is_refused(folder: Path, change: Change, said: str) -> None:
    document = json.loads((folder / RECORD).read_bytes())
    change(document)
    (folder / RECORD).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Fatal, match="damaged") as refused:
        read_record(folder)
    assert said in str(refused.value)
