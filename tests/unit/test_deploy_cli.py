"""`yardlight-deploy` as it is typed: results on stdout, one line for what is wrong, exit status."""

import json
import shutil
from pathlib import Path

import pytest

from deploy.bundle.command import DONE, FAILED, WRONG_USAGE
from deploy.bundle.manifest import MODEL, open_bundle, sha256_of
from tests.models import LABELS, write_network
from tests.unit.deploying import deploy, said, spoil


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, and a terminal in which no line breaks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "400")
    return tmp_path


@pytest.fixture
def model(folder: Path) -> Path:
    """An ONNX file with its labels beside it."""
    (folder / "labels.txt").write_text("\n".join(LABELS), encoding="utf-8")
    write_network(folder / "colours.onnx")
    return folder / "colours.onnx"


@pytest.fixture
def bundle(tiny_bundle: Path, folder: Path) -> Path:
    """A copy of the bundle, for this test to spoil."""
    return Path(shutil.copytree(tiny_bundle, folder / "bundle"))


def import_(model: Path, *more: object, **changed: str) -> int:
    """Import as it should be typed, but for what is changed or added."""
    given = {"labels": "labels.txt", "size": "32", "mean": "127.5", "std": "127.5", **changed}
    typed = [word for name, value in given.items() for word in (f"--{name}", value)]
    return deploy("import", model, *typed, "--out", "made", *more)


def test_import_says_where_the_bundle_is(
    model: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_(model, name="yard") == DONE
    assert capsys.readouterr() == ("made\n", "")
    assert open_bundle(folder / "made").manifest.name == "yard"


def test_import_leaves_a_bundle_that_is_there_alone_unless_told_otherwise(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_(model) == DONE
    capsys.readouterr()
    assert import_(model) == FAILED
    assert said(capsys) == (
        "error: made exists: choose another --out, or replace it with --overwrite\n"
    )
    assert import_(model, "--overwrite") == DONE


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("size", "31x32", "--size says 31x32"),
        ("size", "big", "size 'big' is not one"),
        ("mean", "0.485", "did you mean --mean 123.675"),
        ("labels", "nowhere.txt", "labels: nowhere.txt does not exist"),
        ("layout", "nhwc", "did you mean --layout nchw?"),
        ("golden", "nowhere", "--golden: nowhere is not a folder"),
    ],
)
def test_import_says_which_answer_was_wrong(
    model: Path, capsys: pytest.CaptureFixture[str], name: str, value: str, expected: str
) -> None:
    assert import_(model, **{name: value}) == FAILED
    assert expected in said(capsys)
    assert not Path("made").exists()


def test_import_of_a_model_that_is_not_there_names_it(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_(model.with_name("nowhere.onnx")) == FAILED
    assert said(capsys) == f"error: {model.with_name('nowhere.onnx')} does not exist\n"


def test_build_tells_its_progress_and_says_where_the_engine_is(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", bundle, "--engine", "onnxruntime", "--max-batch", "2")
    assert deploy(*asked) == DONE
    out, err = capsys.readouterr()
    assert Path(out.strip()).parent == bundle / "engines"
    assert err.startswith("onnxruntime: asked for\n")
    assert "equal to the reference on 8 golden frames" in err
    assert deploy(*asked, "--reuse") == DONE
    again, err = capsys.readouterr()
    assert again == out
    assert "equal to the reference" not in err


def test_build_puts_the_engine_where_it_is_told_to(
    bundle: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("build", bundle, "--engine", "onnxruntime", "--max-batch", "1", "--into", "cache")
    assert deploy(*asked) == DONE
    assert (folder / capsys.readouterr().out.strip() / "engine.json").is_file()
    assert not (bundle / "engines").exists()


def test_verify_proves_the_reference_and_every_engine(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("build", bundle, "--engine", "onnxruntime", "--max-batch", "1") == DONE
    capsys.readouterr()
    assert deploy("verify", bundle, "--json") == DONE
    document = json.loads(capsys.readouterr().out)
    assert [verdict["passed"] for verdict in document["engines"]] == [True, True]
    assert document["engines"][0]["engine"] == "reference"
    assert document["digest"] == open_bundle(bundle).digest
    assert deploy("verify", bundle) == DONE
    assert capsys.readouterr().out.count("equal") == 2


def test_verify_fails_where_one_engine_does_not_hold(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("build", bundle, "--engine", "onnxruntime", "--max-batch", "1") == DONE
    (record,) = bundle.glob("engines/*/engine.json")
    elsewhere = json.loads(record.read_text(encoding="utf-8"))
    elsewhere["fingerprint"]["device"] = "another processor"
    record.write_text(json.dumps(elsewhere), encoding="utf-8")
    capsys.readouterr()
    assert deploy("verify", bundle) == FAILED
    assert "NOT EQUAL" in capsys.readouterr().out
    assert deploy("verify", bundle, "--json") == FAILED
    reference, engine = json.loads(capsys.readouterr().out)["engines"]
    assert (reference["passed"], engine["passed"]) == (True, False)
    assert "another processor" in engine["reason"]


def test_inspect_shows_what_a_bundle_holds(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("inspect", bundle) == DONE
    out, _ = capsys.readouterr()
    assert all(label in out for label in LABELS)
    assert "32x32 RGB, squash, area" in out
    assert MODEL in out
    assert deploy("inspect", bundle, "--json") == DONE
    document = json.loads(capsys.readouterr().out)
    assert (document["name"], document["labels"]) == ("colours", list(LABELS))
    assert document["files"][MODEL] == sha256_of(bundle / MODEL)


def test_inspect_shows_names_in_brackets_as_they_are(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(bundle, lambda document: document.update(name="[/b]", version="[red]4"))
    assert deploy("inspect", bundle) == DONE
    assert capsys.readouterr().out.startswith("[/b] [red]4   sha256:")
    assert deploy("verify", bundle) == DONE
    assert "[/b] [red]4" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed",
    [
        ("build", "b", "--max-batch", "0"),
        ("build", "b", "--precision", "fp8"),
        ("build", "b", "--engine", "tpu"),
        ("verify",),
        ("prove", "b"),
        ("import", "m.onnx"),
    ],
)
def test_wrong_usage_is_2(typed: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy(*typed) == WRONG_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err
