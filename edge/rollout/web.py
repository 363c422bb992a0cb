"""Files on web servers, from any byte on where the server can."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import IO, Any

from deploy.bundle.errors import Fatal, Unavailable
from deploy.bundle.printable import printable
from edge.rollout.refusals import Denied, Missing

_PIECE = 256 << 10
_TIMEOUT = 20.0
_GONE, _DENIED, _BUSY = (404, 410), (401, 403), (408, 425, 429)
_ELSEWHERE = range(300, 400)
_BEYOND_THE_END = 416
_SERVER_FAULT = 500
_LONGEST_REASON = 200
_PART = re.compile(r"bytes (\d+)-")


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """What was to come over TLS comes over TLS, and nothing from elsewhere than the web."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if newurl.partition(":")[0].lower() not in allowed:
            raise Fatal(f"{req.full_url} leads to what is not {' or '.join(allowed)}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def from_web(address: str, start: int) -> Iterator[bytes]:
    """Pieces of a file as they come, from a byte on; what a server sends before that is dropped.

    Args:
        address: http or https.

    Raises:
        Missing: there is no such file.
        Denied: it may not be read.
        Unavailable: trying again may help.
        Fatal: it never will.
    """
    asked = urllib.request.Request(address)  # noqa: S310 - http or https, as said
    if start:
        asked.add_header("Range", f"bytes={start}-")
    try:
        with urllib.request.build_opener(_SameScheme).open(asked, timeout=_TIMEOUT) as answer:
            left = int(answer.headers.get("Content-Length") or -1)
            before = start - _begins_at(answer)
            # What is there: a slow server must not keep us silent until a piece is full.
            while piece := answer.read1(_PIECE):
                left -= len(piece)
                # An empty one is a sign of life.
                yield piece[max(0, before) :]
                before -= len(piece)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _BEYOND_THE_END:
            return
        raise _refused(address, error) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = _in_short(getattr(error, "reason", error))
        raise Unavailable(f"{address} cannot be fetched: {why}") from error
    if left > 0:
        raise Unavailable(f"{address} ended {left} bytes too early")


def _begins_at(answer: Any) -> int:
    """Which byte of the file an answer begins with: a server may send all of it, asked or not."""
    part = _PART.match(answer.headers.get("Content-Range") or "")
    return int(part[1]) if answer.status == http.client.PARTIAL_CONTENT and part else 0


def _refused(address: str, error: urllib.error.HTTPError) -> Exception:
    if error.code in _ELSEWHERE:
        # The reason would name where, which may hold a signature.
        return Fatal(f"{address}: the server leads in a circle, or elsewhere than to the web")
    said = f"{address}: the server says {error.code} {_in_short(error.reason)}"
    if error.code in _GONE:
        return Missing(said)
    if error.code in _DENIED:
        return Denied(said)
    if error.code >= _SERVER_FAULT or error.code in _BUSY:
        return Unavailable(said)
    return Fatal(said)


def _in_short(said: object) -> str:
    """A server's words, whatever it would have a terminal do."""
    return printable(" ".join(str(said).split()))[:_LONGEST_REASON]
