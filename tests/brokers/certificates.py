"""Certificates for tests, made by `openssl`: authorities, brokers, clients, good and bad ones."""

from dataclasses import dataclass
from pathlib import Path

from tests.ending import finished

_HOSTS = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its private key, and of both in one for a broker."""

    certificate: Path
    key: Path
    both: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; `certificate` is what others must trust."""

    folder: Path
    name: str

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.pem"

    @property
    def _key(self) -> Path:
        return self.folder / f"{self.name}.key"

    @classmethod
    def make(cls, folder: Path, name: str) -> "Authority":
        made = cls(folder, name)
        words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
        files = ["-keyout", str(made._key), "-out", str(made.certificate)]
        _openssl(*words, *files, "-subj", f"/CN={name}")
        return made

    def issue(self, name: str, *, days: int = 30, hosts: str = _HOSTS) -> Certificate:
        """A certificate with the subject `CN=name`; with negative days it has expired."""
        key, request = self.folder / f"{name}.key", self.folder / f"{name}.csr"
        certificate, extensions = self.folder / f"{name}.crt", self.folder / f"{name}.ext"
        subject = ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request)]
        _openssl("req", "-newkey", "rsa:2048", "-nodes", *subject)
        extensions.write_text(hosts, encoding="utf-8")
        signer = ["-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial"]
        files = ["-in", str(request), "-out", str(certificate), "-extfile", str(extensions)]
        _openssl("x509", "-req", *signer, *files, "-days", str(days))
        both = self.folder / f"{name}.both.pem"
        both.write_text(key.read_text("utf-8") + certificate.read_text("utf-8"), encoding="utf-8")
        return Certificate(certificate, key, both)


def encrypted(key: Path, password: str) -> Path:
    """The same key, encrypted."""
    made = key.with_suffix(".encrypted")
    _openssl("pkcs8", "-topk8", "-in", str(key), "-out", str(made), "-passout", f"pass:{password}")
    return made


def _openssl(*words: str) -> None:
    finished(["openssl", *words], check=True)
