"""`check.html`: what `check` found, for a person to look at and to confirm.

One file without anything from elsewhere: thumbnails lie in it. Ticks are kept nowhere but on the
page; its button saves them as `confirmed.txt`, which `check --apply --confirmed` reads.
"""

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from deploy.bundle.errors import BadFrame
from deploy.bundle.manifest import InputSpec
from deploy.bundle.pixels import frame_to_pixels
from deploy.bundle.whole import write_whole
from trainer.checking.examination import Examination
from trainer.checking.finding import KINDS, MEANING, Finding
from trainer.collection.shown import shown
from trainer.data.pictures import PHOTO_LIMITS
from trainer.onefile import filled, jpeg_uri

PAGE = "check.html"
_THUMBNAIL = InputSpec(112, 112, "letterbox")
_QUALITY = 70
_MOST_SHOWN = 200
"""Of each kind, the worst; the JSON has all."""


def write_page(found: Examination, folder: Path) -> Path:
    contents = {
        "name": escape(shown(found.data.root.name)),
        "digest": found.version.digest,
        "body": "\n".join(_sections(found)),
    }
    path = folder / PAGE
    write_whole(path, filled("trainer.checking", "check", contents).encode(), 0o600)
    return path


def _sections(found: Examination) -> Iterator[str]:
    yield _counts(found)
    for note in found.notes:
        yield f'<p class="note">{escape(shown(note))}</p>'
    thumbnails = _Thumbnails(found.data.root)
    for kind in KINDS:
        of_kind = sorted(
            (finding for finding in found.findings if finding.kind == kind),
            key=lambda finding: finding.score,
        )
        if of_kind:
            yield f'<section id="{kind}"><h2>{kind} <small>{len(of_kind)}</small></h2>'
            yield f"<p>{escape(MEANING[kind])}</p>"
            yield '<button type="button" class="all">tick all</button><ul>'
            yield from (_row(finding, thumbnails) for finding in of_kind[:_MOST_SHOWN])
            yield f"</ul>{_more(of_kind)}</section>"
    if not found.findings:
        yield "<p>Nothing was found.</p>"


def _counts(found: Examination) -> str:
    rows = "".join(
        f"<tr><td>{escape(shown(split or '(no split)'))}</td><td>{escape(shown(label))}</td>"
        f"<td>{count}</td></tr>"
        for split, labels in found.counts.items()
        for label, count in labels.items()
    )
    return f"<table><tr><th>split</th><th>label</th><th>pictures</th></tr>{rows}</table>"


def _row(finding: Finding, thumbnails: "_Thumbnails") -> str:
    key = escape(json.dumps(finding.path))
    pictures = [thumbnails.of(finding.path)]
    if finding.other is not None:
        pictures.append(thumbnails.of(finding.other))
    return (
        f'<li><label><input type="checkbox" data-path="{key}">{"".join(pictures)}'
        f"<span><b>{escape(shown(finding.path))}</b><br>{escape(shown(finding.says))}</span>"
        "</label></li>"
    )


def _more(findings: Sequence[Finding]) -> str:
    more = len(findings) - _MOST_SHOWN
    return f"<p>… and {more} more, in check.json</p>" if more > 0 else ""


class _Thumbnails:
    """Small pictures as part of the page, each made once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._made: dict[str, str] = {}

    def of(self, path: str) -> str:
        if path not in self._made:
            self._made[path] = self._make(self._root / path)
        return self._made[path]

    def _make(self, path: Path) -> str:
        try:
            pixels = frame_to_pixels(path.read_bytes(), _THUMBNAIL, PHOTO_LIMITS)
        except (BadFrame, OSError):
            return '<i class="none">no picture</i>'
        return f'<img alt="" width="112" height="112" src="{jpeg_uri(pixels, _QUALITY)}">'
