"""`yardlight-deploy keygen`, `sign`, `verify-signature`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from deploy.bundle.command import DONE, FAILED
from deploy.bundle.errors import Fatal
from deploy.bundle.keys import PUBLIC_SUFFIX, make_key, read_private_key
from deploy.bundle.manifest import MANIFEST, open_bundle
from deploy.bundle.signature import read_trust
from deploy.bundle.typed import Files
from deploy.engines.record import read_record
from deploy.signing.signed import Standing, engine_records, sign_bundle, standing


def add_to(app: App) -> None:
    """Put these commands on a command line."""
    app.command(keygen)
    app.command(sign_command, name="sign")
    app.command(verify_signature)


def keygen(*, out: Path, passphrase_file: Path | None = None) -> None:
    """Draw an Ed25519 key: the private one for whoever signs, the public one for every node.

    Args:
        out: file of the private key, which its owner alone can read; the public key is put beside
            it, with `.pub` behind the name. Neither may exist.
        passphrase_file: file with a passphrase that the private key is encrypted with.
    """
    public = make_key(out, _passphrase(passphrase_file))
    sys.stdout.write(f"{public.id}  {out}{PUBLIC_SUFFIX}\n")


def sign_command(
    bundle: Path, *, key: Path, passphrase_file: Path | None = None, replace: bool = False
) -> None:
    """Sign a bundle and each engine that lies in it.

    Signatures by other keys stay while what they signed is as it was, so that nodes can go from
    one key to the next.

    Args:
        bundle: folder of the bundle.
        key: file of the private key.
        passphrase_file: file with the passphrase of the private key.
        replace: take away the signatures of other keys.
    """
    signer = read_private_key(key, _passphrase(passphrase_file))
    for one in sign_bundle(bundle, signer, replace=replace):
        sys.stdout.write(f"{one.path}: signed by {', '.join(one.keys)}\n")


def verify_signature(
    bundle: Path,
    *,
    trust: Files,
    as_json: Annotated[bool, Parameter("--json", negative="")] = False,
) -> int:
    """Check that a trusted key signed a bundle and each engine in it, and that no file differs.

    Exit status: 0 all of it is signed and unchanged, 1 something is not.

    Args:
        bundle: folder of the bundle.
        trust: public keys that count; several by commas, or given again and again.
        as_json: print it for machines.
    """
    if not (bundle / MANIFEST).is_file():
        raise Fatal(f"{bundle} is not a bundle: {bundle / MANIFEST} does not exist")
    keys = read_trust(trust)
    found = [standing(path, keys) for path in (bundle / MANIFEST, *engine_records(bundle))]
    found = [_with_its_files(one) for one in found]
    if as_json:
        sys.stdout.write(json.dumps([asdict(one) for one in found], indent=2, default=str) + "\n")
    else:
        for one in found:
            said = f"signed by {one.holds}" if one.holds else f"REFUSED: {one.reason}"
            sys.stdout.write(f"{one.path}: {said}\n")
    return DONE if all(one.holds for one in found) else FAILED


def _with_its_files(one: Standing) -> Standing:
    """A signature covers the files by their hashes; it holds for nothing where one differs."""
    if not one.holds:
        return one
    try:
        if one.path.name == MANIFEST:
            open_bundle(one.path.parent)
        else:
            read_record(one.path.parent)
    except Fatal as error:
        return Standing(one.path, one.keys, reason=str(error))
    return one


def _passphrase(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        # The text of a decoding error would quote a byte of the secret.
        raise Fatal(f"passphrase-file {file} cannot be read as text") from None
    if not secret:
        raise Fatal(f"passphrase-file {file} is empty")
    return secret
