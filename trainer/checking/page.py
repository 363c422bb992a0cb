"""`check.html`: what `check` found, for a person to look at and to confirm.

One file without anything from elsewhere: thumbnails lie in it. Ticks are kept nowhere but on the
page; its button saves them as `confirmed.txt`, which `check --apply --confirmed` reads.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from deploy.bundle.printable import printable
from deploy.bundle.whole import write_whole
from trainer.checking.examination import Examination
from trainer.checking.finding import KINDS, MEANING, Finding, Kind
from trainer.checking.thumbnails import SIDE, Thumbnail, Watch, thumbnails
from trainer.onefile import as_jpeg_uri, filled

PAGE = "check.html"
_MOST_SHOWN = 200
"""Of each kind, the worst; the JSON has all."""


def write_page(found: Examination, folder: Path, threads: int, watch: Watch) -> Path:
    """Write it; thumbnails are made in `threads`, and `watch` shows how far that is."""
    by_kind = {kind: _of_kind(found, kind) for kind in KINDS}
    paths = dict.fromkeys(path for some in by_kind.values() for path in _to_be_seen(some))
    hashes = {path: found.version.files[path][1] for path in paths}
    places = {digest: found.data.root / path for path, digest in hashes.items() if digest}
    made = thumbnails(places, folder, threads, watch)
    images = {path: _image(made.get(digest)) for path, digest in hashes.items()}
    contents = {
        "name": escape(printable(found.data.root.name)),
        "digest": found.version.digest,
        "body": "\n".join(_sections(found, by_kind, images)),
    }
    path = folder / PAGE
    write_whole(path, filled("trainer.checking", "check", contents).encode(), 0o600)
    return path


def _of_kind(found: Examination, kind: Kind) -> list[Finding]:
    """The worst first."""
    of_kind = (finding for finding in found.findings if finding.kind == kind)
    return sorted(of_kind, key=lambda finding: finding.score)


def _to_be_seen(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:_MOST_SHOWN]:
        yield finding.path
        if finding.other is not None:
            yield finding.other


def _sections(
    found: Examination, by_kind: Mapping[Kind, Sequence[Finding]], images: Mapping[str, str]
) -> Iterator[str]:
    yield _counts(found)
    for note in found.notes:
        yield f'<p class="note">{escape(printable(note))}</p>'
    for kind, of_kind in by_kind.items():
        if of_kind:
            yield f'<section id="{kind}"><h2>{kind} <small>{len(of_kind)}</small></h2>'
            yield f"<p>{escape(MEANING[kind])}</p>"
            yield '<button type="button" class="all">tick all</button><ul>'
            yield from (_row(finding, images) for finding in of_kind[:_MOST_SHOWN])
            yield f"</ul>{_more(of_kind)}</section>"
    if not found.findings:
        yield "<p>Nothing was found.</p>"


def _counts(found: Examination) -> str:
    rows = "".join(
        f"<tr><td>{escape(printable(split or '(no split)'))}</td>"
        f"<td>{escape(printable(label))}</td><td>{count}</td></tr>"
        for split, labels in found.counts.items()
        for label, count in labels.items()
    )
    return f"<table><tr><th>split</th><th>label</th><th>pictures</th></tr>{rows}</table>"


def _row(finding: Finding, images: Mapping[str, str]) -> str:
    key = escape(json.dumps(finding.path))
    pictures = "".join(map(images.__getitem__, _to_be_seen([finding])))
    return (
        f'<li><label><input type="checkbox" data-path="{key}">{pictures}'
        f"<span><b>{escape(printable(finding.path))}</b><br>{escape(printable(finding.says))}</span>"
        "</label></li>"
    )


def _more(findings: Sequence[Finding]) -> str:
    more = len(findings) - _MOST_SHOWN
    return f"<p>… and {more} more, in check.json</p>" if more > 0 else ""


def _image(jpeg: Thumbnail) -> str:
    if jpeg is None:
        return '<i class="none">no picture</i>'
    return f'<img alt="" width="{SIDE}" height="{SIDE}" src="{as_jpeg_uri(jpeg)}">'
