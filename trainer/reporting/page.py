"""`index.html`: the whole report as one file that needs nothing from elsewhere.

In a bundle it has figures only; with pictures it is written where the user trains.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from deploy.bundle.printable import printable
from deploy.bundle.whole import write_whole
from trainer.evaluation import Evaluation
from trainer.latency import Latency
from trainer.onefile import filled
from trainer.report import FOLDER, Trained
from trainer.reporting.card import Chapter, Subject, chapters
from trainer.reporting.charts import curve_chart, reliability_chart
from trainer.reporting.checked import Checked
from trainer.reporting.figures import Figure, Figures
from trainer.reporting.tables import matrix, score_rows

PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class Contents:
    subject: Subject
    trained: Trained
    evaluation: Evaluation
    latency: Latency | None = None
    checked: Checked | None = None
    figures: Figures | None = None


def write_page(draft: Path, contents: Contents) -> Path:
    """Write `report/index.html` into a bundle that is being made."""
    (draft / FOLDER).mkdir(exist_ok=True)
    path = draft / FOLDER / PAGE
    path.write_text(page_of(contents), encoding="utf-8", errors="backslashreplace")
    return path


def write_private_page(folder: Path, contents: Contents) -> Path:
    """Write `index.html` into a folder that only its owner may read: it may show people."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / PAGE
    write_whole(path, page_of(contents).encode(errors="backslashreplace"), 0o600)
    return path


def page_of(contents: Contents) -> str:
    parts = {
        "name": escape(printable(contents.subject.name)),
        "version": escape(printable(contents.subject.version)),
        "body": "\n".join(_sections(contents)),
    }
    return filled("trainer.reporting", "report", parts)


def _sections(contents: Contents) -> Iterator[str]:
    yield _headline(contents)
    marks = contents.evaluation.marks
    yield _section("labels", "Label by label", score_rows(marks))
    if marks.confusion is not None:
        yield _section("confusion", "What is taken for what", matrix(marks.confusion))
    yield _section("confidence", "How far confidence can be believed", _confidence(contents))
    if contents.trained.curve:
        yield _section("learning", "How it learned", _learning(contents.trained))
    if contents.figures is not None:
        yield from _pictures(contents.figures)
    if contents.checked is not None:
        yield _section(
            "data", "What check found in the data", _check(contents.checked, contents.subject)
        )
    card = "".join(map(_chapter, chapters(contents.subject, contents.evaluation)))
    yield _section("card", "Model card", f'<div class="card">{card}</div>')


def _headline(contents: Contents) -> str:
    marks = contents.evaluation.marks
    tiles = [
        *((one.name, f"{one.value:.3f}", one.says) for one in marks.figures),
        ("calibration error", f"{contents.evaluation.reliability.error:.3f}", "0 is best"),
        ("pictures", f"{marks.pictures:,}", "none of them learned from"),
    ]
    if contents.latency is not None:
        found = contents.latency
        on = "1 thread" if found.threads == 1 else f"{found.threads} threads"
        says = f"p95 {1000 * found.p95:.1f} ms, reference, {on}"
        tiles.append(("one picture", f"{1000 * found.median:.1f} ms", says))
    shown_tiles = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><small>{says}</small></div>"
        for name, value, says in tiles
    )
    return f'<dl class="tiles">{shown_tiles}</dl>'


def _confidence(contents: Contents) -> str:
    evaluation = contents.evaluation
    charts = [("as it answers", evaluation.reliability)]
    if evaluation.before is not None:
        charts.insert(0, (f"before {evaluation.calibration}", evaluation.before))
    drawn = "".join(
        f"<figure>{reliability_chart(found)}<figcaption>{escape(says)}: calibration error "
        f"{found.error:.3f}</figcaption></figure>"
        for says, found in charts
    )
    return (
        "<p>Of the answers given with 80 % confidence, 80 % should be right: bars should end at "
        "the line. The paler a bar, the fewer answers it stands for. That was fitted "
        f'to the validation pictures.</p><div class="charts">{drawn}</div>'
    )


def _learning(trained: Trained) -> str:
    drawn = "".join(
        f"<figure>{curve_chart(trained.curve, trained.best_epoch, what)}"
        f"<figcaption>{what}</figcaption></figure>"
        for what in ("loss", "accuracy")
    )
    return (
        '<p class="legend"><span class="train">training</span> (pictures changed on purpose, so it '
        'may be worse), <span class="val">validation</span>; accuracy is the share of pictures of '
        "which every label is right, and the ring is the epoch that was kept: "
        f'{trained.best_epoch}.</p><div class="charts">{drawn}</div>'
    )


def _pictures(figures: Figures) -> Iterator[str]:
    if figures.mistakes:
        intro = "<p>Wrong answers, the surest first, with what spoke for them.</p>"
        yield _section("mistakes", "The worst mistakes", intro + _sheet(figures.mistakes))
    if figures.right:
        method = escape(figures.right[0].method)
        intro = f"<p>Right answers, and what spoke for them ({method}): the brighter, the more.</p>"
        yield _section("looked", "What it looked at", intro + _sheet(figures.right))


def _sheet(figures: tuple[Figure, ...]) -> str:
    return f'<ul class="sheet">{"".join(map(_figure, figures))}</ul>'


def _figure(figure: Figure) -> str:
    is_ = escape(printable(" + ".join(figure.shows) or "none"))
    called = escape(printable(figure.label))
    name = escape(printable(figure.name))
    says = f"<b>{called}</b> {figure.probability:.2f}"
    if figure.shows != (figure.label,) or not figure.is_right:
        says += f", is <b>{is_}</b>"
    return (
        f'<li><div><img src="{figure.seen}" alt="{is_}: {name}">'
        f'<img src="{figure.heat}" alt="where {called} was seen in it"></div>'
        f"<p>{says}<small>{name}</small></p></li>"
    )


def _check(checked: Checked, subject: Subject) -> str:
    same = checked.digest == subject.provenance.get("data", {}).get("digest")
    of = (
        "Of exactly these pictures."
        if same
        else f"Of another version of the data: {checked.digest}."
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(printable(kind))}</th><td>{count}</td></tr>'
        for kind, count in checked.findings.items()
    )
    table = f'<table class="scores"><tbody>{rows}</tbody></table>' if rows else "<p>Nothing.</p>"
    return f"<p>{escape(printable(of))}</p>{table}"


def _chapter(chapter: Chapter) -> str:
    facts = "".join(
        f"<dt>{escape(printable(name))}</dt><dd>{escape(printable(value))}</dd>"
        for name, value in chapter.facts
    )
    said = "".join(f"<li>{escape(printable(one))}</li>" for one in chapter.sentences)
    return (
        f"<h3>{chapter.title}</h3>"
        + (f"<dl>{facts}</dl>" if facts else "")
        + (f"<ul>{said}</ul>" if said else "")
    )


def _section(name: str, title: str, body: str) -> str:
    return f'<section id="{name}"><h2>{title}</h2>{body}</section>'
