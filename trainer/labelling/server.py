"""The page's server: this machine only, with a token, and nothing from anywhere else.

A page of another site in the same browser can send requests here too. It does not know the token;
requests by another host name, which is how such a page would read answers, are refused.
"""

import hmac
import json
import os
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.bundle.errors import Fatal
from trainer.labelling.session import Session

HOST = "127.0.0.1"
_TOKEN = ".label-token"  # noqa: S105 - the name of the file
_MOST_BYTES = 1 << 16
_IDLE_SECONDS = 120.0
"""A connection on which nothing comes is closed; the page opens another one."""
_PAGE = {
    "/": ("label.html", "text/html; charset=utf-8"),
    "/label.js": ("label.js", "text/javascript; charset=utf-8"),
    "/label.css": ("label.css", "text/css; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".png": "image/png", ".webp": "image/webp"}


def token_of(root: Path) -> str:
    """The data set's token: the same after a restart, so that an open page goes on."""
    path = root / _TOKEN
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return path.read_text("ascii").strip()
    token = secrets.token_urlsafe(24)
    with os.fdopen(descriptor, "w") as file:
        file.write(token)
    return token


class LabelServer(ThreadingHTTPServer):
    """Serves one session until it is shut down."""

    daemon_threads = True

    def __init__(self, session: Session, token: str, port: int) -> None:
        self.session = session
        self.token = token
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise Fatal(f"port {port} of {HOST} cannot be used: {error.strerror}") from error

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}/?token={self.token}"


class _Handler(BaseHTTPRequestHandler):
    server: LabelServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "yardlight", ""
    timeout = _IDLE_SECONDS

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if not self._is_allowed(needs_token=where.path not in {"/label.js", "/label.css"}):
            return
        if where.path in _PAGE:
            name, kind = _PAGE[where.path]
            self._send((files("trainer.labelling") / "page" / name).read_bytes(), kind)
        elif where.path == "/next":
            self._answer(self.server.session.next)
        elif where.path == "/picture":
            self._picture(parse_qs(where.query).get("path", [""])[0])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")

    def do_POST(self) -> None:
        if not self._is_allowed(needs_token=True):
            return
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= _MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long")
            return
        try:
            asked: dict[str, Any] = json.loads(self.rfile.read(length))
            act = self._act(urlsplit(self.path).path, asked)
        except (ValueError, KeyError, TypeError):
            self._refuse(HTTPStatus.BAD_REQUEST, "expected JSON")
            return
        self._answer(act)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Nothing: requests name pictures, and hold the token."""

    def _act(self, path: str, asked: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        session = self.server.session
        if path == "/answer":
            picture, label = str(asked["path"]), str(asked["label"])
            return lambda: session.answer(picture, label)
        if path == "/skip":
            picture = str(asked["path"])
            return lambda: session.skip(picture)
        if path == "/undo":
            return session.undo
        raise KeyError(path)

    def _is_allowed(self, *, needs_token: bool) -> bool:
        port = self.server.server_port
        if self.headers.get("Host") not in {f"{HOST}:{port}", f"localhost:{port}"}:
            self._refuse(HTTPStatus.FORBIDDEN, "ask by 127.0.0.1")
            return False
        given = (
            self.headers.get("X-Token") or parse_qs(urlsplit(self.path).query).get("token", [""])[0]
        )
        if needs_token and not hmac.compare_digest(given.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
            return False
        return True

    def _answer(self, act: Callable[[], dict[str, Any]]) -> None:
        try:
            state = act()
        except (ValueError, OSError) as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"not kept: {error}")
            return
        self._send(json.dumps(state).encode(), "application/json")

    def _picture(self, path: str) -> None:
        place = self.server.session.picture(path)
        if place is None or not place.is_file():
            self._refuse(HTTPStatus.NOT_FOUND, "no such picture waits")
            return
        self._send(place.read_bytes(), _TYPES.get(place.suffix.lower(), "image/jpeg"))

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._send(why.encode(errors="replace"), "text/plain; charset=utf-8", status)

    def _send(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
