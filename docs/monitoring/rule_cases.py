"""For every alert a fault as Prometheus would scrape it: silent before, firing during, and after it
silent again. `promtool test rules` runs them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from docs.monitoring.promql import select
from docs.monitoring.rules import ALERTS, Alert
from docs.monitoring.yaml import Plain
from edge.observe import definitions as m
from edge.observe.definitions import Metric

# Samples come every 15 s: ten minutes are well, thirty are not, and twenty are well again.
_EVERY = "15s"
_WELL, _FAULT, _AGAIN = 40, 119, 80
_BEFORE, _DURING, _AFTER = "10m", "38m", "60m"
_NODE = {"job": "yardlight", "instance": "gate-box:9108"}


@dataclass(frozen=True, slots=True)
class Case:
    """A fault. `series` are its samples, `labels` those of the alert, `said` what the templates of
    its texts become where they are not labels.
    """

    alert: str
    story: str
    series: Mapping[str, str]
    labels: Mapping[str, str]
    said: Mapping[str, str] = field(default_factory=dict)


def _series(metric: Metric, suffix: str = "", **labels: str) -> str:
    return select(metric, suffix, **{name: f'="{it}"' for name, it in (_NODE | labels).items()})


def _levels(well: str, fault: str) -> str:
    """A gauge that has one value while all is well and another while it is not; `_` is none."""
    return f"{well}x{_WELL} {fault}x{_FAULT} {well}x{_AGAIN}"


def _steps(well: int, fault: int) -> str:
    """A counter that grows by so much with each sample."""
    first = well * _WELL
    second = first + fault * _FAULT
    return f"0+{well}x{_WELL} {first}+{fault}x{_FAULT} {second}+{well}x{_AGAIN}"


_JOB = {"job": _NODE["job"]}
_CLASSIFIED = _series(m.FRAMES, outcome="classified")
_LETTERS = _series(m.FRAMES, outcome="dead-lettered")
_ENGINE = _series(m.ENGINE, kind="onnxruntime", precision="fp32", digest="sha256:0")


def _latency(le: str) -> str:
    return _series(m.FRAME_LATENCY, "_bucket", stage="total").replace("}", f',le="{le}"}}')


CASES = (
    Case(
        "YardlightDown", "a node goes and comes back",
        {'up{job="yardlight",instance="gate-box:9108"}': _levels("1", "0")}, _NODE,
    ),
    Case("YardlightNoFrames", "no frame comes any more", {_CLASSIFIED: _steps(10, 0)}, _JOB),
    Case(
        "YardlightLagGrowing", "two frames a second more than can be classified",
        {_series(m.LAG, topic="frames", partition="0"): f"10x{_WELL} 10+30x{_FAULT} 10x{_AGAIN}"},
        _JOB, {'{{ printf "%.1f" $value }}': "2.0"},
    ),
    Case(
        "YardlightLatencyOverTarget", "every frame takes between 1 and 2.5 seconds",
        {
            _latency("1.0"): _steps(10, 0),
            _latency("2.5"): _steps(10, 10),
            _latency("+Inf"): _steps(10, 10),
            _series(m.LATENCY_TARGET): _levels("1", "1"),
        },
        _JOB, {"{{ $value | humanizeDuration }}": "2.485s"},
    ),
    Case(
        "YardlightDeadLetters", "one frame in ten is no image",
        {_CLASSIFIED: _steps(9, 9), _LETTERS: _steps(0, 1)},
        _JOB, {"{{ $value | humanizePercentage }}": "10%"},
    ),
    Case(
        "YardlightPartitionUnserved", "a stranger in the group takes two of four partitions",
        {_series(m.TOPIC_PARTITIONS): _levels("4", "4"),
         _series(m.PARTITIONS_ASSIGNED): _levels("4", "2")},
        _JOB, {"{{ $value }}": "2"},
    ),
    Case(
        "YardlightPartitionUnserved", "the last member is gone, and its series with it",
        {_series(m.TOPIC_PARTITIONS): _levels("4", "_"),
         _series(m.PARTITIONS_ASSIGNED): _levels("4", "_")},
        _JOB, {"{{ $value }}": "4"},
    ),
    Case(
        "YardlightWorkerNotReady", "one of two workers dies again and again",
        {_series(m.WORKER_READY, worker="1"): _levels("1", "1"),
         _series(m.WORKER_READY, worker="2"): _levels("1", "0")},
        _NODE | {"worker": "2"},
    ),
    Case(
        "YardlightEngineFallback", "a node comes back without OpenVINO",
        {_series(m.ENGINE_FALLBACK): _levels("0", "1"), _ENGINE: _levels("1", "1")},
        _NODE | {"kind": "onnxruntime"},
    ),
    Case(
        "YardlightGpuThrottled", "a GPU is at its power cap, as it should be, and too hot",
        {_series(m.GPU_THROTTLED, gpu="0", reason="power-cap"): _levels("1", "1"),
         _series(m.GPU_THROTTLED, gpu="0", reason="hardware-thermal"): _levels("0", "1")},
        _NODE | {"gpu": "0", "reason": "hardware-thermal"},
    ),
    Case(
        "YardlightAuditBroken", "a committed frame has no outcome",
        {_series(m.AUDIT_STATE, state="broken"): _levels("0", "1"),
         _series(m.AUDIT_STATE, state="clean"): _levels("1", "0")},
        _NODE | {"state": "broken"},
    ),
    Case(
        "YardlightCameraSilent", "one of two cameras stops",
        {_series(m.CAMERA_FRAMES, camera="gate-1"): _steps(10, 0),
         _series(m.CAMERA_FRAMES, camera="gate-2"): _steps(10, 10)},
        _JOB | {"camera": "gate-1"},
    ),
    Case(
        "YardlightCertificateExpires", "a certificate has 13 days left and is then renewed",
        {_series(m.CERTIFICATE_EXPIRY): _levels(str(30 * 86_400), str(13 * 86_400))}, _NODE,
    ),
)  # fmt: skip


def cases_document() -> Plain:
    """The cases as `promtool test rules` reads them, beside the rules."""
    return {
        "rule_files": ["rules.yml"],
        "evaluation_interval": _EVERY,
        "tests": [_test(case) for case in CASES],
    }


def _test(case: Case) -> Plain:
    (alert,) = [alert for alert in ALERTS if alert.name == case.alert]
    firing: Plain = {
        "exp_labels": {"severity": alert.severity, **case.labels},
        "exp_annotations": {
            "summary": _said(alert.summary, case),
            "description": _said(alert.description, case),
            "runbook_url": alert.section.url,
        },
    }
    return {
        "name": f"{case.alert}: {case.story}",
        "interval": _EVERY,
        "input_series": [{"series": it, "values": values} for it, values in case.series.items()],
        "alert_rule_test": [
            _expect(alert, _BEFORE, []),
            _expect(alert, _DURING, [firing]),
            _expect(alert, _AFTER, []),
        ],
    }


def _expect(alert: Alert, at: str, firing: list[Plain]) -> Plain:
    return {"eval_time": at, "alertname": alert.name, "exp_alerts": firing}


def _said(template: str, case: Case) -> str:
    for placeholder, text in case.said.items():
        template = template.replace(placeholder, text)
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: case.labels[found[1]], template)
