"""What doctor finds without a broker: libraries, engines, the port, and how it reports."""

import io
import json
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from deploy.build.engine import BuildSpec, build_engine
from deploy.bundle.command import DONE, FAILED
from deploy.bundle.manifest import MODEL, open_bundle
from edge.doctor import engines, machine, workers
from edge.doctor.engines import check_engines
from edge.doctor.examination import DoctorSettings, examine
from edge.doctor.finding import Finding, fail, ok, warn
from edge.doctor.machine import check_machine
from edge.doctor.port import check_port
from edge.doctor.report import show, show_json
from edge.doctor.workers import check_cores
from edge.kafka.embedded import free_port
from edge.settings.engine import EngineSettings
from edge.settings.kafka import KafkaSettings
from edge.settings.operation import OperationSettings


def by_check(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def test_a_missing_openvino_matters_only_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for engine, status in (("auto", "warn"), ("onnxruntime", "warn"), ("openvino", "fail")):
        settings = EngineSettings(engine=engine)  # type: ignore[arg-type]
        found = by_check(check_machine(settings))["OpenVINO"]
        assert found.status == status
        assert "yardlight[cpu]" in found.advice


def test_a_driver_without_the_libraries_that_use_it_is_a_pity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver = tmp_path / "version"
    driver.write_text("580.65.06\n", encoding="utf-8")
    monkeypatch.setattr(machine, "_DRIVER", driver)
    monkeypatch.setattr(machine, "_installed", lambda _: None)
    found = by_check(check_machine(EngineSettings()))
    assert found["NVIDIA driver"].found == "580.65.06"
    assert {found[name].status for name in ("tensorrt", "pycuda")} == {"warn"}


def test_more_workers_than_cores_are_a_pity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "core_count", lambda: 2)
    assert list(check_cores(1)) == []
    assert by_check(check_cores(2))["workers"].status == "ok"
    crowded = by_check(check_cores(3))["workers"]
    assert (crowded.status, crowded.found) == ("warn", "3, on 2 cores")


def settings(cache: Path, *, build: bool = True) -> EngineSettings:
    return EngineSettings(engine="onnxruntime", engine_cache=cache, build=build)


def test_an_engine_that_fits_one_that_is_missing_and_one_that_is_damaged(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    bundle = open_bundle(tiny_bundle)
    missing = by_check(check_engines(settings(tmp_path), tiny_bundle))
    assert missing["engine"].status == "warn"
    refused = by_check(check_engines(settings(tmp_path, build=False), tiny_bundle))
    assert refused["engine"].status == "fail"
    cache = tmp_path / bundle.digest.removeprefix("sha256:")[:16]
    folder = build_engine(bundle, BuildSpec("onnxruntime", "fp32", 8), cache, lambda _: None)
    fits = by_check(check_engines(settings(tmp_path), tiny_bundle))
    assert fits["engine"].status == "ok"
    (folder / "engine.json").write_text("{}", encoding="utf-8")
    damaged = by_check(check_engines(settings(tmp_path), tiny_bundle))
    assert damaged["engine"].status == "fail"
    assert "is damaged" in damaged["engine"].found


def test_a_damaged_bundle_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    copy = tmp_path / "bundle"
    copy.mkdir()
    for file in tiny_bundle.rglob("*"):
        place = copy / file.relative_to(tiny_bundle)
        if file.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(file.read_bytes())
    (copy / MODEL).write_bytes(b"")
    found = by_check(check_engines(settings(tmp_path / "cache"), copy))
    assert found["bundle"].status == "fail"
    assert MODEL in found["bundle"].found
    assert "engine" not in found


def test_a_disk_without_room_for_a_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engines, "_LEAST_ROOM", 1 << 60)
    found = by_check(check_engines(settings(tmp_path), None))
    assert found["disk"].status == "fail"


def test_a_port_that_is_free_and_one_that_is_not() -> None:
    free = OperationSettings(metrics_host="127.0.0.1", metrics_port=free_port())
    assert [it.status for it in check_port(free)] == ["ok"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        busy = OperationSettings(metrics_host="127.0.0.1", metrics_port=port)
        assert [it.status for it in check_port(busy)] == ["fail"]


def test_an_address_of_another_machine_is_no_place_for_metrics() -> None:
    (found,) = check_port(OperationSettings(metrics_host="192.0.2.1", metrics_port=0))
    assert found.status == "fail"


def test_without_a_broker_its_topics_are_not_asked_for(tmp_path: Path) -> None:
    nobody = KafkaSettings(bootstrap_servers=f"127.0.0.1:{free_port()}")
    found = list(examine(DoctorSettings(kafka=nobody, engine=settings(tmp_path))))
    assert found[-1].check == f"broker {nobody.bootstrap_servers}"
    assert found[-1].status == "fail"
    assert "[nobody-listens]" in found[-1].found


def test_settings_that_cannot_be_are_the_last_finding(tmp_path: Path) -> None:
    wrong = KafkaSettings(bootstrap_servers="kafka")
    found = list(examine(DoctorSettings(kafka=wrong, engine=settings(tmp_path))))
    assert found[-1].check == "Kafka settings"
    assert "'kafka' is not HOST:PORT" in found[-1].found


WELL = [ok("port", "free"), warn("clock", "2 s behind", "Set it.")]


@pytest.mark.parametrize(
    ("findings", "status"), [(WELL, DONE), ([*WELL, fail("x", "y", "z")], FAILED)]
)
def test_warnings_are_allowed_and_failures_are_not(findings: list[Finding], status: int) -> None:
    assert show(findings, Console(file=io.StringIO())) == status
    assert show_json(findings, Console(file=io.StringIO())) == status


def test_machines_get_every_finding_and_its_advice() -> None:
    page = io.StringIO()
    show_json(WELL, Console(file=page))
    document = json.loads(page.getvalue())
    assert document["verdict"] == "1 ok, 1 warn, 0 fail"
    assert document["findings"][1] == {
        "check": "clock",
        "status": "warn",
        "found": "2 s behind",
        "advice": "Set it.",
    }


def test_brackets_in_a_finding_are_shown_as_they_are() -> None:
    page = io.StringIO()
    show([fail("broker", "[red]no[/red] [wrong-protocol]", "Change it.")], Console(file=page))
    assert "[red]no[/red]" in page.getvalue()
    assert "[wrong-protocol]" in page.getvalue()
