"""Every command of the documentation is run here, or stands below with the reason why not.

What begins with `yardlight-` and is not run is at least read by the program's own command line, so
that no page names an option that there is not.
"""

import importlib
import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from deploy.bundle.start import own_program
from edge.demo import BUNDLE
from edge.kafka.embedded import EmbeddedBroker
from tests.docs.commands import PAGES, Command, commands
from tests.ending import finished
from tests.integration.running import command as running
from tests.waiting import wait_until

TOPICS = ("FRAMES", "RESULTS", "DEAD_LETTERS", "SKIPPED")
NOT_RUN = {
    r"sudo |journalctl ": "needs a Jetson and its administrator",
    r"/opt/yardlight/bin/": "needs a Jetson with JetPack",
    r"docker ": "needs a Docker engine; the files are held to their schemas in tests/images",
    r"helm |kubectl ": "needs a cluster; tests/chart renders the chart",
    r"pip install ": "needs the package index; make wheel-check installs the wheel",
    r"make ": "is what runs these tests, or takes minutes",
    r"prometheus ": "is run with this configuration by tests/system",
    r"\(printf |python -c |openssl ": "tests/unit/test_signing.py has OpenSSL confirm a signature",
    r"CUDA_MPS_PIPE_DIRECTORY=": "needs an NVIDIA GPU",
    r"curl ": "is asked for by tests/integration/test_renewal.py",
}
READ_ONLY = {
    r"yardlight-edge demo\b": "is run by tests/integration/test_demo.py",
    r"yardlight-deploy import resnet50.onnx": "needs that network; tests/unit/test_importing.py",
    r"yardlight-edge topics create --partitions 16": "the next one is run",
    r"yardlight-edge topics create$": "is run with another replication",
    r"yardlight-edge (audit|dead-letters|replay|doctor)\b": "is run by tests/integration",
    r"yardlight-edge (run|watch|rollout)\b": "is run by tests/integration",
    r"yardlight-train fit --data photos --out my-bundle$": "takes twenty epochs",
    r"yardlight-deploy inspect imported": "the same is run with another bundle",
    r"yardlight-deploy bench ": "tests/unit/test_bench.py",
    r"yardlight-deploy (quantise|verify my-bundle-int8) ": "tests/unit/test_quantise.py",
    r"yardlight-train fit .*--backbone ": "needs pretrained weights; tests/integration/test_fit.py",
    r"yardlight-train fit .*--epochs 40": "is interrupted; tests/integration/test_resume.py",
    r"yardlight-train evaluate .*--report ": "tests/unit/test_trainer_report.py",
    r"yardlight-train explain ": "tests/unit/test_explain.py",
    r"yardlight-train extend ": "tests/unit/test_trainer_few_shot.py",
    r"yardlight-edge capture ": "tests/integration/test_data_loop.py walks that page",
    r"yardlight-train (ingest|label|diff|fit --data yard) ": "tests/integration/test_data_loop.py",
    r"yardlight-train check ": "tests/unit/test_check.py",
}
RUN = (
    r"yardlight-edge topics create --replication 1",
    r"yardlight-edge cameras ",
    r"yardlight-train (fit .* --epochs 1|evaluate) ",
    r"yardlight-deploy (inspect|build) my-bundle",
    r"yardlight-deploy (keygen|sign|verify-signature) ",
)
"""What the scenarios below run, beside what a table names too."""
SYNTAX = re.compile(r"[\[|…]|\b[A-Z]$")
"""What shows how a command is written rather than what to type."""
PROGRAMS = {
    "yardlight-edge": "edge.cli",
    "yardlight-deploy": "deploy.cli",
    "yardlight-train": "trainer.cli",
}

everything = [command for page in PAGES for command in commands(page)]
typed = [it for it in everything if it.text.startswith("yardlight-") and not SYNTAX.search(it.text)]


def _name(command: Command) -> str:
    return f"{command.page}: {command.text[:60]}"


@pytest.mark.parametrize("command", everything, ids=_name)
def test_a_command_is_run_or_has_a_reason_not_to_be(command: Command) -> None:
    patterns = (*RUN, *NOT_RUN, *READ_ONLY)
    found = any(re.match(pattern, command.text) for pattern in patterns)
    assert found, f"{command.page}: nothing runs `{command.text}`"


def test_no_reason_outlives_its_commands() -> None:
    for pattern in (*RUN, *NOT_RUN, *READ_ONLY):
        assert any(re.match(pattern, command.text) for command in everything), pattern


@pytest.mark.parametrize("command", typed, ids=_name)
def test_a_command_has_the_options_that_it_is_shown_with(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    program, *words = shlex.split(command.text)
    app = importlib.import_module(PROGRAMS[program]).app
    app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.slow
def test_the_quick_start_does_what_it_says(embedded_kafka: EmbeddedBroker, tmp_path: Path) -> None:
    steps = _steps("quickstart.md")
    kafka = {"YARDLIGHT_BOOTSTRAP_SERVERS": embedded_kafka.address, "YARDLIGHT_GROUP": "reader"}
    # Other tests use the same broker.
    kafka |= {f"YARDLIGHT_{name}_TOPIC": f"reader.{name.lower()}" for name in TOPICS}
    assert "reader.frames: created" in _type(_step(steps, "topics create"), tmp_path, kafka)
    serve = _step(steps, "yardlight-edge run").replace("my-bundle", str(BUNDLE))
    environment = kafka | {"YARDLIGHT_METRICS_PORT": "0", "YARDLIGHT_SESSION_TIMEOUT": "3"}
    log = tmp_path / "log"
    with running(log, "edge.cli", *shlex.split(serve)[1:], environment=environment) as service:
        _type(_step(steps, "cameras"), tmp_path, kafka)
        audit = _step(steps, "yardlight-edge audit")
        wait_until(lambda: "(40 classified" in _type(audit, tmp_path, kafka), "40 classifications")
        assert service.stop() == 0, service.said()
    assert "0 letters" in _type(_step(steps, "dead-letters list"), tmp_path, kafka)


@pytest.mark.slow
def test_a_network_is_trained_on_photos_as_the_page_says(tmp_path: Path) -> None:
    steps = _steps("own-photos.md")
    for text in ("cameras", "fit", "evaluate", "inspect", "yardlight-deploy build"):
        said = _type(_step(steps, text), tmp_path, {"OMP_NUM_THREADS": "1"})
    assert "my-bundle" in said
    assert list((tmp_path / "my-bundle/engines").iterdir())


def test_a_bundle_is_signed_as_the_page_says(tmp_path: Path) -> None:
    shutil.copytree(BUNDLE, tmp_path / "my-bundle")
    steps = _steps("signing.md")
    key = _type(_step(steps, "keygen"), tmp_path, {}).split()[0]
    for text in ("deploy sign", "verify-signature"):
        said = _type(_step(steps, text), tmp_path, {})
        assert said == f"my-bundle/bundle.json: signed by {key}\n"


def _steps(page: str) -> list[str]:
    (found,) = [it for it in PAGES if it.name == page]
    return [command.text for command in commands(found)]


def _step(steps: list[str], text: str) -> str:
    (found,) = [step for step in steps if text in step]
    return found


def _type(text: str, folder: Path, environment: dict[str, str]) -> str:
    """What a command says that a reader types in `folder`."""
    program, *words = shlex.split(text)
    done = finished(
        [*own_program(PROGRAMS[program]), *words],
        cwd=folder,
        env=os.environ | {"HOME": str(folder)} | environment,
    )
    assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout
