"""Tokens for OAUTHBEARER: from a file that somebody renews, or from a token endpoint."""

import base64
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

from deploy.bundle.errors import Fatal, Unavailable
from edge.kafka.secret import SecretFile
from edge.kafka.tls import tls_context
from edge.settings.kafka import KafkaSettings

_ANSWER_SECONDS = 5.0
"""kafka-python asks on the thread of the heartbeats, so less than any session timeout."""
_LARGEST_ANSWER = 1 << 20
_USED_FRACTION = 0.8
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_REFUSED = range(400, 500)


def token_provider(settings: KafkaSettings) -> AbstractTokenProvider:
    """Where tokens come from, by these settings.

    Raises:
        Fatal: neither a file nor an endpoint is named, or not all that it needs.
    """
    if settings.sasl_token_file is not None:
        return TokenFile(SecretFile("sasl-token-file", settings.sasl_token_file))
    url, client = settings.sasl_token_url, settings.sasl_client_id
    if url is None or client is None or settings.sasl_client_secret_file is None:
        raise Fatal(
            "OAUTHBEARER needs sasl-token-file, or sasl-token-url with sasl-client-id and "
            "sasl-client-secret-file"
        )
    address = urllib.parse.urlsplit(url)
    if address.password is not None:
        raise Fatal("sasl-token-url holds a password: put it into sasl-client-secret-file")
    if address.scheme != "https" and not (
        address.scheme == "http" and address.hostname in _LOOPBACK
    ):
        raise Fatal(f"sasl-token-url {url} must be https: the secret would travel in the clear")
    secret = SecretFile("sasl-client-secret-file", settings.sasl_client_secret_file)
    return TokenEndpoint(url, client, secret, settings.sasl_scope, lambda: tls_context(settings))


@dataclass(frozen=True, slots=True)
class TokenFile(AbstractTokenProvider):  # type: ignore[misc] # kafka-python has no types
    """The token that lies in a file now."""

    file: SecretFile

    def token(self) -> str:
        return self.file.read()


@dataclass(slots=True)
class TokenEndpoint(AbstractTokenProvider):  # type: ignore[misc] # kafka-python has no types
    """Tokens by OAuth 2.0 client credentials (RFC 6749, 4.4), each kept for 0.8 of its life."""

    url: str
    client: str
    secret: SecretFile
    scope: str | None
    context: Callable[[], ssl.SSLContext]
    """Trusts the endpoint: the authorities of ssl-cafile, the system's where none is named."""
    clock: Callable[[], float] = time.monotonic
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    def token(self) -> str:
        """A token that is valid for some time yet.

        Raises:
            Unavailable: the endpoint does not answer, or not with a token.
            Fatal: it refuses the client, or the secret cannot be read.
        """
        if not self._token or self.clock() >= self._until:
            answer = self._ask()
            try:
                self._token = str(answer["access_token"])
                lifetime = float(answer.get("expires_in", 0))
            except (KeyError, TypeError, ValueError):
                raise Unavailable(f"{self.url} answers without an access_token") from None
            self._until = self.clock() + lifetime * _USED_FRACTION
        return self._token

    def _ask(self) -> Any:
        try:
            # `token_provider` has seen to it that the scheme is http or https.
            with urllib.request.urlopen(  # noqa: S310
                self._request(), timeout=_ANSWER_SECONDS, context=self._tls()
            ) as answer:
                return json.loads(answer.read(_LARGEST_ANSWER))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _REFUSED:
                raise Fatal(
                    f"{self.url} refuses client {self.client} (HTTP {error.code}): check "
                    "sasl-client-id, sasl-client-secret-file and sasl-scope"
                ) from None
            raise Unavailable(f"{self.url} answers HTTP {error.code}") from None
        except OSError as error:
            why = getattr(error, "reason", error)
            raise Unavailable(f"token endpoint {self.url} cannot be reached: {why}") from None
        except ValueError:
            raise Unavailable(f"{self.url} does not answer with JSON") from None

    def _tls(self) -> ssl.SSLContext | None:
        return self.context() if self.url.startswith("https:") else None

    def _request(self) -> urllib.request.Request:
        words = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        login = f"{urllib.parse.quote(self.client)}:{urllib.parse.quote(self.secret.read())}"
        basic = base64.b64encode(login.encode()).decode()
        return urllib.request.Request(  # noqa: S310 - as above
            self.url,
            data=urllib.parse.urlencode(words).encode(),
            headers={"Authorization": f"Basic {basic}", "Accept": "application/json"},
        )
