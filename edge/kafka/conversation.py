"""A plain conversation with one broker, request by request, for whoever must see each answer.

kafka-python's own clients try again and again in the background and report every cause as a
timeout; this fails at once, with the socket's or the TLS library's own error.
"""

import socket
import ssl
from types import TracebackType
from typing import Any

from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

SECONDS = 4.0
"""How long each step may take."""
_CHUNK = 65_536
_LARGEST_ANSWER = 8 << 20
_CLIENT_ID = "yardlight-probe"


class Conversation:
    """For `with`: connects, and closes at the end."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._address = (host, port)
        self._tls = tls
        self._protocol = KafkaProtocol(
            client_id=_CLIENT_ID, receive_message_max_bytes=_LARGEST_ANSWER
        )
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Connect, without TLS yet.

        Raises:
            OSError: nobody answers there.
        """
        self._socket = socket.create_connection(self._address, timeout=SECONDS)

    def __enter__(self) -> "Conversation":
        """Connect, unless `open` has done so.

        Raises:
            OSError: nobody answers there.
        """
        if self._socket is None:
            self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._socket is not None:
            self._socket.close()

    def shake_hands(self) -> str | None:
        """Go over to TLS where it is wanted; until when the broker's certificate is valid, as
        `ssl.cert_time_to_seconds` reads it.

        Raises:
            OSError: the handshake failed; `ssl.SSLError` says why, where the other side speaks TLS.
        """
        if self._tls is None:
            return None
        assert self._socket is not None
        wrapped = self._tls.wrap_socket(self._socket, server_hostname=self._address[0])
        self._socket = wrapped
        certificate = wrapped.getpeercert() or {}
        until = certificate.get("notAfter")
        return until if isinstance(until, str) else None

    def versions(self) -> None:
        """What every client of Kafka asks first; only a Kafka broker answers it."""
        self._ask(ApiVersionsRequest(version=0))

    def mechanisms(self, wanted: str) -> tuple[int, list[str]]:
        """Begin a login: Kafka's error code, and the mechanisms that the broker offers."""
        answer = self._ask(SaslHandshakeRequest(mechanism=wanted, version=1))
        return int(answer.error_code), list(answer.mechanisms)

    def authenticate(self, words: bytes) -> tuple[int, bytes]:
        """One step of a login: Kafka's error code, and the broker's answer."""
        answer = self._ask(SaslAuthenticateRequest(auth_bytes=words, version=0))
        return int(answer.error_code), bytes(answer.auth_bytes)

    def brokers(self) -> list[tuple[str, int]]:
        """Where the brokers of the cluster say that they are."""
        answer = self._ask(MetadataRequest(topics=[], version=1))
        return [(broker.host, broker.port) for broker in answer.brokers]

    def _ask(self, request: Any) -> Any:
        assert self._socket is not None
        self._protocol.send_request(request)
        self._socket.sendall(self._protocol.send_bytes())
        while True:
            data = self._socket.recv(_CHUNK)
            if not data:
                raise ConnectionResetError("the broker closed the connection")
            for _, answer in self._protocol.receive_bytes(data):
                return answer
