"""The files of certificates, keys and secrets: readable by us, and by nobody else."""

import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.bundle.errors import Fatal
from edge.doctor.expiry import expires
from edge.doctor.finding import Finding, fail, ok, warn
from edge.kafka.client import check_settings
from edge.kafka.own_certificate import Outdated, own_certificate_until
from edge.settings.kafka import KafkaSettings


def check_secrets(settings: KafkaSettings) -> Iterator[Finding]:
    try:
        check_settings(settings)
    except Fatal as error:
        yield fail("Kafka settings", str(error), "Correct the setting that is named.")
        return
    yield ok("Kafka settings", f"{settings.security_protocol} to {settings.bootstrap_servers}")
    yield from _open_to_others(settings)
    if settings.ssl_certfile is not None:
        yield _own_certificate(settings)


def _own_certificate(settings: KafkaSettings) -> Finding:
    check = "client certificate"
    try:
        until = own_certificate_until(settings)
    except Outdated as outdated:
        advice = "Renew it, or set the clock of this machine if that is wrong."
        return fail(check, f"{settings.ssl_certfile} {outdated}", advice)
    return ok(check, "valid") if until is None else expires(check, until)


def _open_to_others(settings: KafkaSettings) -> Iterator[Finding]:
    secrets = {
        "ssl-keyfile": settings.ssl_keyfile,
        "ssl-key-password-file": settings.ssl_key_password_file,
        "sasl-password-file": settings.sasl_password_file,
        "sasl-token-file": settings.sasl_token_file,
        "sasl-client-secret-file": settings.sasl_client_secret_file,
    }
    for option, path in secrets.items():
        if path is not None and path.exists():
            yield _kept(option, path)


def _kept(option: str, path: Path) -> Finding:
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        found = f"{path} is open to others ({stat.filemode(mode)})"
        return warn(option, found, f"chmod 600 {path}, owned by the user of the service.")
    return ok(option, f"{path} is not open to others")
