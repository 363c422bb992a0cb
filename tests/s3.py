"""A real S3 server on this machine, which remembers what it was asked for and can be cut off."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.waiting import join

KEY, SECRET = "AKIAYARDLIGHT", "a-secret-of-the-yard"


@dataclass(slots=True)
class Bucket:
    """A bucket with whatever was put into it."""

    name: str
    endpoint: str
    asked: list[str] = field(default_factory=list)
    """Paths of what was got from the server, in order."""
    ranges: list[str] = field(default_factory=list)
    """What part of each; empty where that was not said."""
    cut_at: str = ""
    """Of what ends so, half is sent."""

    @property
    def environment(self) -> dict[str, str]:
        """With which this server is found, and lets one in."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def client(self) -> Any:
        boto3 = pytest.importorskip("boto3")
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )

    def put(self, folder: Path, at: str) -> str:
        """Every file of a folder; where it lies then."""
        client = self.client()
        for path in filter(Path.is_file, folder.rglob("*")):
            key = f"{at}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=self.name, Key=key, Body=path.read_bytes())
        return f"s3://{self.name}/{at}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The server looks at who asks meanwhile, and knows nobody."""
        self._look_from("0")
        try:
            yield
        finally:
            self._look_from("inf")

    def _look_from(self, requests: str) -> None:
        address, kind = f"{self.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        with urlopen(Request(address, requests.encode(), kind)):  # noqa: S310 - our own server
            pass


@contextmanager
def s3_server(name: str) -> Iterator[Bucket]:
    """A server with an empty bucket of that name."""
    serving = pytest.importorskip("werkzeug.serving", reason="needs moto, of the extra 'dev'")
    moto = pytest.importorskip("moto.moto_server.werkzeug_app")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    inner = moto.DomainDispatcherApplication(moto.create_backend_app)
    bucket = Bucket(name, "")

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        answer: Iterable[bytes] = inner(environ, start_response)
        if method != "GET":
            return answer
        bucket.asked.append(path)
        bucket.ranges.append(environ.get("HTTP_RANGE", ""))
        if not bucket.cut_at or not path.endswith(bucket.cut_at):
            return answer
        whole = b"".join(answer)
        return [whole[: len(whole) // 2]]

    server = serving.make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    bucket.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        bucket.client().create_bucket(Bucket=name)
        yield bucket
    finally:
        server.shutdown()
        join(thread)
        server.server_close()
