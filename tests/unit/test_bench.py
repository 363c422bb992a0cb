"""What a run costs, engine by engine, and what is kept of it."""

import json
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.bench.conditions import before_and_after, conditions
from deploy.bench.plot import Curve, plot
from deploy.bundle.command import DONE, FAILED
from deploy.bundle.signature import signature_file
from deploy.engines.measurement import Measurement, Memory, Point, Run, Stages, point_of
from deploy.engines.record import RECORD, read_record
from deploy.importing.importer import import_model
from tests.models import SPEC, write_network
from tests.unit.deploying import deploy

QUICK = ("--seconds", "0.01")


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A copy of the bundle, with an engine of ONNX Runtime in it."""
    copy = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    assert deploy("build", copy, "--engine", "onnxruntime", "--max-batch", "2") == DONE
    capsys.readouterr()
    return copy


def engine_of(bundle: Path) -> Path:
    (record,) = bundle.glob(f"engines/*/{RECORD}")
    return record.parent


def test_what_is_measured_is_printed_drawn_and_kept_for_the_service(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "curves.svg"
    assert deploy("bench", bundle, *QUICK, "--json", "--plot", drawn) == DONE
    document = json.loads(capsys.readouterr().out)
    (engine,) = document["engines"]
    assert [point["batch"] for point in engine["points"]] == [1, 2]
    assert all(point["runs"] >= 5 and point["p99"] >= point["median"] for point in engine["points"])
    assert engine["memory"]["device"] is None
    assert document["conditions"]["cores"].isdecimal()
    record = read_record(engine_of(bundle))
    assert record.measured is not None
    assert record.cost.points == tuple((p.batch, p.median) for p in record.measured.points)
    assert "onnxruntime fp32" in drawn.read_text(encoding="utf-8")
    assert deploy("verify", bundle) == DONE


def test_sizes_that_were_not_asked_for_keep_their_cost(bundle: Path) -> None:
    before = read_record(engine_of(bundle)).cost
    assert deploy("bench", bundle, *QUICK, "--batches", "2") == DONE
    after = read_record(engine_of(bundle)).cost
    assert after.points[0] == before.points[0]
    assert after.points[1] != before.points[1]


def test_a_dry_run_and_a_signed_engine_leave_the_record_alone(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = engine_of(bundle) / RECORD
    before = record.read_bytes()
    assert deploy("bench", bundle, *QUICK, "--batches", "1", "--dry") == DONE
    signature_file(record).write_text("{}", encoding="utf-8")
    assert deploy("bench", bundle, *QUICK, "--batches", "1") == DONE
    assert record.read_bytes() == before
    assert "is signed, so its record stays as it is" in capsys.readouterr().err


def test_the_engines_of_several_bundles_are_measured_in_turn_and_told_apart(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = replace(SPEC, name="another")
    write_network(tmp_path / "network.onnx")
    twin = import_model(tmp_path / "network.onnx", spec, tmp_path / "other").folder
    assert deploy("build", twin, "--engine", "onnxruntime", "--max-batch", "2") == DONE
    drawn = tmp_path / "curves.svg"
    assert deploy("bench", bundle, twin, *QUICK, "--plot", drawn) == DONE
    shown = "".join(capsys.readouterr().out.split())
    picture = drawn.read_text(encoding="utf-8")
    assert "ratio" in shown
    for folder in (bundle, twin):
        assert f"{folder} onnxruntime fp32" in picture
        assert read_record(engine_of(folder)).measured is not None


def test_a_folder_of_engines_is_of_one_bundle(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("bench", bundle, bundle, "--engines", tmp_path) == FAILED
    assert "name one bundle" in capsys.readouterr().err


def test_an_engine_that_was_edited_is_not_measured_for_that_would_seal_it_anew(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = engine_of(bundle) / RECORD
    record = json.loads(path.read_text(encoding="utf-8"))
    record["certificate"]["cosine"] = 1.0
    record["certificate"]["max_error"] = 0.0
    path.write_text(json.dumps(record), encoding="utf-8")
    assert deploy("bench", bundle, *QUICK) == FAILED
    assert "was edited after the engine was proven" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--precision", "int8"), "holds no such engine: make one with yardlight-deploy build"),
        (("--batches", "3"), "takes at most 2 frames in a run, asked for are 3"),
    ],
)
def test_what_is_not_there_to_be_measured_is_said_with_what_to_do(
    bundle: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], said: str
) -> None:
    assert deploy("bench", bundle, *asked) == FAILED
    assert said in capsys.readouterr().err


def test_an_engine_that_is_damaged_is_left_out_and_the_others_are_measured(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("build", bundle, "--engine", "onnxruntime", "--precision", "fp16") == DONE
    (folder,) = bundle.glob("engines/onnxruntime-fp16-*")
    (folder / "network.onnx").write_bytes(b"")
    capsys.readouterr()
    assert deploy("bench", bundle, *QUICK, "--batches", "1", "--json") == DONE
    out, err = capsys.readouterr()
    assert [one["precision"] for one in json.loads(out)["engines"]] == ["fp32"]
    assert "is missing or not the file" in err


# Sums and pictures


def test_the_slowest_of_a_hundred_is_left_out_and_stages_are_medians() -> None:
    runs = [Run(number / 1000, Stages(1.0, number, 2.0)) for number in range(1, 101)]
    point = point_of(4, runs)
    assert (point.runs, point.median, point.p99) == (100, 0.0505, 0.099)
    assert point.stages == Stages(1.0, 50.5, 2.0)
    assert point_of(1, [Run(0.5)]) == Point(1, 1, 0.5, 0.5)


def test_a_clock_that_moved_is_told_before_and_after(tmp_path: Path) -> None:
    cpu = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    cpu.mkdir(parents=True)
    (cpu / "scaling_governor").write_text("powersave\n")
    (cpu / "scaling_cur_freq").write_text("1200000\n")
    found = conditions(tmp_path / "sys", tmp_path)
    assert (found["governor"], found["processor"]) == ("powersave", "1200 MHz")
    moved = before_and_after({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "4"})
    assert moved == {"a": "1", "b": "2, then 4", "c": "3"}


@pytest.mark.parametrize("sizes", [(1,), (1, 2, 4, 8)])
def test_a_plot_is_a_picture_of_every_curve_whatever_it_is_called(sizes: tuple[int, ...]) -> None:
    points = tuple(Point(size, 5, 0.01 * size, 0.02 * size) for size in sizes)
    curve = Curve("<openvino> & co", Measurement(points, 0.1, 0.1, Memory(None)))
    root = ET.fromstring(plot("a & b", [curve, curve]))  # noqa: S314 - it was made here
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("<openvino> & co") == 2
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == 2 * 2 * len(sizes)
