"""Words of a command line for a broker that lets nobody in unasked."""

from collections.abc import Sequence
from pathlib import Path

from edge.settings.kafka import KafkaSettings
from edge.settings.topics import TopicSettings


def kafka_words(kafka: KafkaSettings) -> Sequence[str]:
    """The options that mean these settings."""
    wanted: dict[str, str | Path | None] = {
        "--bootstrap-servers": kafka.bootstrap_servers,
        "--security-protocol": kafka.security_protocol,
        "--ssl-cafile": kafka.ssl_cafile,
        "--ssl-certfile": kafka.ssl_certfile,
        "--ssl-keyfile": kafka.ssl_keyfile,
        "--ssl-key-password-file": kafka.ssl_key_password_file,
        "--sasl-mechanism": kafka.sasl_mechanism,
        "--sasl-username": kafka.sasl_username,
        "--sasl-password-file": kafka.sasl_password_file,
        "--sasl-token-file": kafka.sasl_token_file,
        "--sasl-token-url": kafka.sasl_token_url,
        "--sasl-client-id": kafka.sasl_client_id,
        "--sasl-client-secret-file": kafka.sasl_client_secret_file,
        "--session-timeout": str(kafka.session_timeout),
    }
    return [word for name, value in wanted.items() if value for word in (name, str(value))]


def topic_words(topics: TopicSettings) -> Sequence[str]:
    """The options that name these topics."""
    return [
        *("--frames-topic", topics.frames_topic),
        *("--results-topic", topics.results_topic),
        *("--dead-letters-topic", topics.dead_letters_topic),
        *("--skipped-topic", topics.skipped_topic),
        *("--models-topic", topics.models_topic),
        *("--models-status-topic", topics.models_status_topic),
    ]
