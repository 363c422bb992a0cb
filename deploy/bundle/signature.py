"""Who vouches for a manifest: signatures beside it, and the keys that are trusted.

`bundle.sig` signs `bundle.json`, `engine.sig` an `engine.json`: the exact bytes of the file, behind
words that say which of both it is. Each of these lists every other file with its hash.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bundle.errors import Fatal
from deploy.bundle.keys import PrivateKey, PublicKey, read_public_key
from deploy.bundle.whole import write_whole

SCHEMA = "yardlight.signature/1"
ALGORITHM = "ed25519"
SUFFIX = ".sig"
_LARGEST_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Signature:
    """One key's word for one manifest."""

    key: str
    """Id of the key."""
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Trust:
    """The keys whose signatures count. Without any, nothing is asked for."""

    keys: tuple[PublicKey, ...] = ()

    def vouch(self, path: Path, text: bytes) -> None:
        """Insist that a trusted key signed this manifest; `text` is what `path` holds.

        Raises:
            Fatal: nobody signed it, nobody who is trusted did, or it was changed since.
        """
        if self.keys:
            signer_of(path, text, self.keys)


NOBODY = Trust()


def read_trust(paths: Iterable[Path]) -> Trust:
    """The public keys in these files.

    Raises:
        Fatal: a file is no public Ed25519 key.
    """
    return Trust(tuple(read_public_key(path) for path in paths))


def signer_of(path: Path, text: bytes, keys: Sequence[PublicKey]) -> str:
    """Id of the first of these keys whose signature of the manifest holds.

    Raises:
        Fatal: none does; says whether there is no signature, none of these keys', or a wrong one.
    """
    found = read_signatures(path)
    trusted = ", ".join(key.id for key in keys)
    if not found:
        raise Fatal(
            f"{path} is not signed: {signature_file(path)} does not exist, and "
            f"`yardlight-deploy sign` makes it; trusted: {trusted}"
        )
    ours = [(key, one) for key in keys for one in found if one.key == key.id]
    if not ours:
        signers = ", ".join(one.key for one in found)
        raise Fatal(f"{path} is signed by {signers}, none of which is trusted: {trusted}")
    for key, one in ours:
        if key.confirms(one.value, message(path, text)):
            return key.id
    named = ", ".join(key.id for key, _ in ours)
    raise Fatal(f"{path} was changed after it was signed: the signature of {named} does not hold")


def sign(path: Path, key: PrivateKey, *, replace: bool = False) -> list[str]:
    """Sign a manifest and return the ids of all keys that have signed it as it is now.

    Signatures of other keys stay while the manifest is the one that they signed, unless they are
    to be replaced.

    Raises:
        Fatal: the signatures that are there cannot be read.
    """
    text = path.read_bytes()
    kept = [] if replace else _still_valid(path, text)
    mine = Signature(key.public.id, key.sign(message(path, text)))
    signatures = [*(one for one in kept if one.key != mine.key), mine]
    document = {
        "schema": SCHEMA,
        "signs": path.name,
        "sha256": hashlib.sha256(text).hexdigest(),
        "signatures": [
            {
                "algorithm": ALGORITHM,
                "key": one.key,
                "signature": base64.b64encode(one.value).decode(),
            }
            for one in signatures
        ],
    }
    _replace(signature_file(path), json.dumps(document, indent=2) + "\n")
    return [one.key for one in signatures]


def read_signatures(path: Path) -> tuple[Signature, ...]:
    """The signatures beside a manifest; none where there is no such file.

    Raises:
        Fatal: the file is not what this version writes.
    """
    document = _document(path)
    return () if document is None else _signatures(path, document)


def signature_file(path: Path) -> Path:
    """`bundle.sig` for `bundle.json`."""
    return path.with_suffix(SUFFIX)


def message(path: Path, text: bytes) -> bytes:
    """What is signed: the manifest's exact bytes behind words that nothing else is signed with."""
    return f"{SCHEMA} {path.name}\n".encode() + text


def _still_valid(path: Path, text: bytes) -> tuple[Signature, ...]:
    document = _document(path)
    if document is None or document.get("sha256") != hashlib.sha256(text).hexdigest():
        return ()
    return _signatures(path, document)


def _document(path: Path) -> dict[str, Any] | None:
    place = signature_file(path)
    if place.is_symlink():
        raise Fatal(f"{place} is a symbolic link: a signature is a plain file")
    try:
        with place.open("rb") as file:
            document = json.loads(file.read(_LARGEST_FILE))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fatal(f"{place} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise Fatal(f"{place} is damaged: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise Fatal(f"{place} is damaged: expected an object with schema {SCHEMA!r}")
    return document


def _signatures(path: Path, document: dict[str, Any]) -> tuple[Signature, ...]:
    try:
        return tuple(
            Signature(str(one["key"]), base64.b64decode(one["signature"], validate=True))
            for one in document["signatures"]
            if one["algorithm"] == ALGORITHM
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Fatal(
            f"{signature_file(path)} is damaged: {type(error).__name__}: {error}"
        ) from error


def _replace(place: Path, text: str) -> None:
    try:
        write_whole(place, text.encode())
    except OSError as error:
        raise Fatal(f"{place} cannot be written: {error.strerror}") from error
