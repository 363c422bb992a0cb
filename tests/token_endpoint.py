"""A token endpoint for OAUTHBEARER, on 127.0.0.1."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from tests.waiting import join


@dataclass(slots=True)
class Endpoint:
    """Answers as it is told, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    """Tokens `token-1`, `token-2` … of 100 seconds if empty."""
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, login: str | None, words: str) -> bytes:
        self.asked.append({"login": login, **parse_qs(words)})
        number = len(self.asked)
        token = {"access_token": f"token-{number}", "expires_in": 100}
        return self.body or json.dumps(token).encode()


@contextmanager
def token_endpoint() -> Iterator[Endpoint]:
    """One that runs, for `with`."""
    it = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            words = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = it.answer(self.headers["Authorization"], words)
            self.send_response(it.status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        it.url = f"http://127.0.0.1:{server.server_port}/token"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield it
        finally:
            server.shutdown()
            join(thread)
