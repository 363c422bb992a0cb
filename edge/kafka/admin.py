"""A short conversation with the cluster about itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.bundle.errors import Unavailable
from edge.kafka.client import connection, require_broker
from edge.settings.kafka import KafkaSettings

_REQUEST_MS = 15_000


def open_admin(settings: KafkaSettings) -> Any:
    """A connected admin client of kafka-python; the caller closes it.

    Raises:
        Unavailable: no broker can be used; says why.
    """
    require_broker(settings)
    try:
        return KafkaAdminClient(
            request_timeout_ms=_REQUEST_MS, **connection(settings, "yardlight-admin")
        )
    except KafkaError as error:
        raise Unavailable(
            f"{settings.bootstrap_servers} does not answer as Kafka: {error}"
        ) from error


@contextmanager
def administrating(settings: KafkaSettings) -> Iterator[Any]:
    """An admin client for `with`; what fails inside is `Unavailable`.

    Raises:
        Unavailable: no broker can be used, or one stopped answering.
    """
    admin = open_admin(settings)
    try:
        yield admin
    except KafkaError as error:
        raise Unavailable(f"asking the cluster failed: {error!r}") from error
    finally:
        admin.close()
