"""Tokens for OAUTHBEARER, from an endpoint as it may answer, and from a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka.secret import SecretFile
from edge.kafka.token import TokenEndpoint, token_provider
from edge.settings.kafka import KafkaSettings
from tests.clock import Clock
from tests.token_endpoint import Endpoint, token_endpoint

SECRET = "a secret nobody sees"  # noqa: S105


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with token_endpoint() as it:
        yield it


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n", encoding="utf-8")
    return path


def settings(url: str, secret: Path, **more: Any) -> KafkaSettings:
    return KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_mechanism="OAUTHBEARER",
        sasl_token_url=url,
        sasl_client_id="box-7",
        sasl_client_secret_file=secret,
        **more,
    )


def test_client_credentials_get_a_token(endpoint: Endpoint, secret: Path) -> None:
    provider = token_provider(settings(endpoint.url, secret, sasl_scope="kafka"))
    assert provider.token() == "token-1"
    (asked,) = endpoint.asked
    assert asked["grant_type"] == ["client_credentials"]
    assert asked["scope"] == ["kafka"]
    assert asked["login"].startswith("Basic ")


def test_a_token_is_kept_for_most_of_its_life_and_then_renewed(
    endpoint: Endpoint, secret: Path
) -> None:
    clock = Clock()
    file = SecretFile("sasl-client-secret-file", secret)
    provider = TokenEndpoint(endpoint.url, "box-7", file, None, lambda: None, clock)
    assert [provider.token(), provider.token()] == ["token-1", "token-1"]
    clock.now += 81
    assert provider.token() == "token-2"


def test_a_refused_client_is_fatal_and_its_secret_is_not_shown(
    endpoint: Endpoint, secret: Path
) -> None:
    endpoint.status = 401
    endpoint.body = SECRET.encode()
    with pytest.raises(Fatal, match=r"refuses client box-7 \(HTTP 401\)") as refused:
        token_provider(settings(endpoint.url, secret)).token()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (503, b"", "answers HTTP 503"),
        (200, b"<html>", "does not answer with JSON"),
        (200, b"{}", "without an access_token"),
        (200, b"[]", "without an access_token"),
    ],
)
def test_an_endpoint_that_is_unwell_is_asked_again_later(
    endpoint: Endpoint, secret: Path, status: int, body: bytes, says: str
) -> None:
    endpoint.status, endpoint.body = status, body or b" "
    with pytest.raises(Unavailable, match=says):
        token_provider(settings(endpoint.url, secret)).token()


def test_an_endpoint_that_is_not_there_is_named(secret: Path) -> None:
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1/token cannot be reached"):
        token_provider(settings("http://127.0.0.1:1/token", secret)).token()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://login.example/token", "must be https"),
        ("file:///etc/passwd", "must be https"),
        ("https://box:hunter2@login.example/token", "holds a password"),
    ],
)
def test_a_secret_does_not_travel_in_the_clear(secret: Path, url: str, says: str) -> None:
    with pytest.raises(Fatal, match=says) as refused:
        token_provider(settings(url, secret))
    assert "hunter2" not in str(refused.value)


def test_a_token_file_is_read_at_each_use(tmp_path: Path) -> None:
    file = tmp_path / "token"
    provider = token_provider(KafkaSettings(sasl_mechanism="OAUTHBEARER", sasl_token_file=file))
    for token in ("first", "second"):
        file.write_text(f"{token}\n", encoding="utf-8")
        assert provider.token() == token


def test_a_bearer_without_any_source_is_told_what_it_needs() -> None:
    with pytest.raises(Fatal, match="sasl-token-file, or sasl-token-url"):
        token_provider(KafkaSettings(sasl_mechanism="OAUTHBEARER"))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "is empty"), (b"\n\n", "is empty"), (b"\xff\xfe", "is not UTF-8 text")],
)
def test_a_secret_that_cannot_be_one_is_named_by_its_file(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(Fatal, match=f"sasl-token-file {path} {says}"):
        SecretFile("sasl-token-file", path).read()


def test_a_secret_is_not_shown_where_it_is_printed(secret: Path) -> None:
    file = SecretFile("sasl-password-file", secret)
    assert file.read() == SECRET
    assert SECRET not in f"{file} {file!r}"
