"""The model card: what a network is, what it was made from, what it gets right, and where it ends.

Source of the idea: "Model Cards for Model Reporting" (Mitchell et al., 2019). Everything in it is
counted or configured; nothing has to be filled in by hand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.manifest import InputSpec
from trainer.evaluation import Evaluation
from trainer.report import FOLDER
from trainer.tasks.task import Task

CARD = "model-card.md"
_FEW = 30
"""Validation pictures of a label below which its figures say little."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The network that a report is about."""

    name: str
    version: str
    labels: tuple[str, ...]
    spec: InputSpec
    provenance: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading with facts (name and value) and sentences under it."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    sentences: tuple[str, ...] = ()


def chapters(subject: Subject, evaluation: Evaluation) -> tuple[Chapter, ...]:
    return (
        Chapter("What it is", tuple(_identity(subject, evaluation.task))),
        Chapter("What it was made from", tuple(_origin(subject.provenance))),
        Chapter("What it gets right", tuple(_figures(evaluation))),
        Chapter("Where it ends", sentences=tuple(_limits(evaluation))),
    )


def write_card(draft: Path, subject: Subject, evaluation: Evaluation) -> None:
    """Write `report/model-card.md` into a bundle that is being made."""
    lines = [f"# {_plain(subject.name)} {_plain(subject.version)}", ""]
    for chapter in chapters(subject, evaluation):
        lines += [f"## {chapter.title}", ""]
        lines += [f"- **{name}**: {_plain(value)}" for name, value in chapter.facts]
        lines += [f"- {_plain(sentence)}" for sentence in chapter.sentences]
        lines.append("")
    place = draft / FOLDER
    place.mkdir(exist_ok=True)
    (place / CARD).write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")


def _identity(subject: Subject, task: Task) -> Iterator[tuple[str, str]]:
    spec, config = subject.spec, subject.provenance.get("config", {})
    yield "task", task.described(len(subject.labels))
    yield "labels", ", ".join(subject.labels)
    yield "input", f"{spec.width} x {spec.height} pixels, {spec.resize}"
    if "backbone" in config:
        yield "network", str(config["backbone"])


def _origin(provenance: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "made by", str(provenance.get("made_by", "unknown"))
    data = provenance.get("data", {})
    for split in ("train", "val", "photos"):
        if isinstance(data.get(split), Mapping):
            counts = data[split]
            listed = ", ".join(f"{label} {count}" for label, count in counts.items())
            pictures = data.get("pictures", {}).get(split, sum(counts.values()))
            yield f"pictures ({split})", f"{pictures}: {listed}"
    names = {"data digest": data.get("digest"), "commit": provenance.get("commit")}
    weights = provenance.get("weights")
    names["pretrained weights"] = f"sha256:{weights}" if weights else None
    teacher = provenance.get("teacher")
    names["taught by"] = " ".join(map(str, teacher.values())) if teacher else None
    yield from ((name, str(value)) for name, value in names.items() if value)
    for name in ("config", "versions"):
        found = provenance.get(name, {})
        listed = ", ".join(f"{key} {value}" for key, value in found.items() if value is not None)
        if listed:
            yield {"config": "settings"}.get(name, name), listed


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    marks = evaluation.marks
    yield "measured on", f"{marks.pictures} pictures, through the production path"
    yield from ((one.name, f"{one.value:.3f} ({one.says})") for one in marks.figures)
    error = f"{evaluation.reliability.error:.3f}"
    if evaluation.before is not None:
        error += f", {evaluation.before.error:.3f} before {evaluation.calibration}"
    yield "calibration error", error
    for score, ratios in zip(marks.by_label, marks.rows, strict=True):
        each = zip(marks.columns, ratios, strict=True)
        listed = ", ".join(f"{name} {ratio:.3f}" for name, ratio in each)
        yield score.label, f"{listed}, {score.pictures} pictures"


def _limits(evaluation: Evaluation) -> Iterator[str]:
    yield (
        "It was measured on pictures that also chose its epoch and its temperature: on others it "
        "is a little worse, and at cameras of another kind or place it may be much worse. Measure "
        "it there with yardlight-train evaluate before anybody relies on it."
    )
    yield evaluation.task.unknown
    scores = [score for score in evaluation.marks.by_label if score.pictures]
    worst = min(scores, key=lambda score: score.recall, default=None)
    if worst is not None and worst.recall < 1:
        yield f"It misses {worst.label} most often: recall {worst.recall:.3f}."
    few = [f"{s.label} ({s.pictures})" for s in evaluation.marks.by_label if s.pictures < _FEW]
    if few:
        yield f"Too few pictures to be sure of (under {_FEW}): {', '.join(few)}."
    yield (
        "It tells kinds of things apart, not who somebody is, and was not made to decide on safety "
        "alone."
    )


def _plain(text: str) -> str:
    """Names of labels are the user's: none of them is markup."""
    return "".join(f"\\{mark}" if mark in "\\`*_<>[]#|" else mark for mark in text)
