"""Ed25519 keys in PEM files: the one door to `cryptography`."""

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deploy.bundle.errors import Fatal, MissingDriver

PUBLIC_SUFFIX = ".pub"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ID_DIGITS = 16
_LARGEST_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a signature is checked with."""

    id: str
    """`ed25519:` and the first 16 hexadecimal digits of the key's sha256. A name, not a proof."""
    key: Any = field(repr=False, compare=False)

    def confirms(self, signature: bytes, message: bytes) -> bool:
        """Whether the owner of the private key signed exactly this."""
        try:
            self.key.verify(signature, message)
        except _driver().InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """What signs. It shows its name wherever it is printed, never what it holds."""

    public: PublicKey
    key: Any = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        signature: bytes = self.key.sign(message)
        return signature


def make_key(path: Path, passphrase: str | None = None) -> PublicKey:
    """Draw a key: the private one goes to `path`, for its owner only, the public one to `path`.pub.

    Raises:
        MissingDriver: `cryptography` is not installed.
        Fatal: one of the files exists or cannot be written.
    """
    driver = _driver()
    pem, key = driver.pem, driver.ed25519.Ed25519PrivateKey.generate()
    lock = pem.BestAvailableEncryption(passphrase.encode()) if passphrase else pem.NoEncryption()
    private = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, lock)
    public = key.public_key().public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(path.name + PUBLIC_SUFFIX)
    if beside.exists():
        raise Fatal(f"{beside} exists: a key is never overwritten, choose another --out")
    _write_new(path, private, 0o600)
    _write_new(beside, public, 0o644)
    return _public(key.public_key())


def read_public_key(path: Path) -> PublicKey:
    """Read a public key in PEM, as `keygen` and `openssl pkey -pubout` write it.

    Raises:
        Fatal: it cannot be read, is a private key, or is no Ed25519 key.
    """
    driver, text = _driver(), _read(path)
    if b"PRIVATE KEY-----" in text:
        raise Fatal(
            f"{path} is a private key, expected the public one ({path.name}{PUBLIC_SUFFIX}): "
            "whoever checks signatures has no need of what makes them"
        )
    try:
        key = driver.pem.load_pem_public_key(text)
    except (ValueError, driver.UnsupportedAlgorithm) as error:
        raise Fatal(f"{path} is no public key in PEM: {_first_line(error)}") from None
    if not isinstance(key, driver.ed25519.Ed25519PublicKey):
        raise Fatal(f"{path} is another kind of key, expected Ed25519 as `keygen` makes it")
    return _public(key)


def read_private_key(path: Path, passphrase: str | None = None) -> PrivateKey:
    """Read a private key in PEM that its owner alone can read.

    Raises:
        Fatal: it cannot be read, or by others as well; it is a public key or no Ed25519 key; its
            passphrase is missing or wrong.
    """
    driver, text = _driver(), _read(path)
    if b"-----BEGIN PUBLIC KEY-----" in text:
        raise Fatal(f"{path} is a public key: signing takes the private one")
    _refuse_shared(path)
    try:
        key = driver.pem.load_pem_private_key(text, passphrase.encode() if passphrase else None)
    except TypeError:
        said = "is not encrypted, leave out" if passphrase else "is encrypted, name its"
        raise Fatal(f"{path} {said} --passphrase-file") from None
    except (ValueError, driver.UnsupportedAlgorithm) as error:
        why = "the passphrase is wrong" if passphrase else _first_line(error)
        raise Fatal(f"{path} cannot be used as a private key: {why}") from None
    if not isinstance(key, driver.ed25519.Ed25519PrivateKey):
        raise Fatal(f"{path} is another kind of key, expected Ed25519 as `keygen` makes it")
    return PrivateKey(_public(key.public_key()), key)


def _driver() -> Any:
    """What we use of `cryptography`; loaded only where something is signed or checked."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingDriver("cryptography", "sign") from None
    return SimpleNamespace(
        ed25519=ed25519,
        pem=serialization,
        InvalidSignature=InvalidSignature,
        UnsupportedAlgorithm=UnsupportedAlgorithm,
    )


def _public(key: Any) -> PublicKey:
    digest = hashlib.sha256(key.public_bytes_raw()).hexdigest()
    return PublicKey(f"ed25519:{digest[:_ID_DIGITS]}", key)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise Fatal(f"key {path} cannot be read: {error.strerror}") from error


def _refuse_shared(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & _OTHERS:
        raise Fatal(
            f"{path} can be used by others ({stat.filemode(mode)}): chmod 600 {path}, and make "
            "another key if somebody may have read it"
        )


def _write_new(path: Path, text: bytes, mode: int) -> None:
    """Write a file that was not there, with these rights from its first moment on."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Fatal(f"{path} exists: a key is never overwritten, choose another --out") from None
    except OSError as error:
        raise Fatal(f"{path} cannot be written: {error.strerror}") from error
    with os.fdopen(number, "wb") as file:
        os.fchmod(number, mode)
        file.write(text)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
