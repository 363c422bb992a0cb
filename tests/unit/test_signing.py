"""Who made a bundle and its engines can be told, and what was changed since is refused."""

import json
import shutil
from pathlib import Path

import pytest

from deploy.bundle.command import DONE, FAILED, WRONG_USAGE
from deploy.bundle.errors import Fatal
from deploy.bundle.keys import read_public_key
from deploy.bundle.manifest import MANIFEST, MODEL, open_bundle
from deploy.bundle.signature import message, read_signatures, read_trust, signature_file
from deploy.engines.record import RECORD
from tests.ending import finished
from tests.unit.deploying import deploy, said, spoil
from tests.unit.signing import new_key, public

pytest.importorskip("cryptography", reason="needs the extra 'sign'")


@pytest.fixture
def key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    made = new_key(tmp_path)
    capsys.readouterr()
    return made


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A copy of the bundle with an engine in it, not signed."""
    copy = Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
    assert deploy("build", copy, "--engine", "onnxruntime", "--max-batch", "1") == DONE
    capsys.readouterr()
    return copy


@pytest.fixture
def signed(bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert deploy("sign", bundle, "--key", key) == DONE
    capsys.readouterr()
    return bundle


def record_of(bundle: Path) -> Path:
    (record,) = bundle.glob(f"engines/*/{RECORD}")
    return record


def verdicts(bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Why each file is refused, by its name; empty where it is not."""
    status = deploy("verify-signature", bundle, "--trust", public(key), "--json")
    found = {Path(it["path"]).name: it["reason"] for it in json.loads(capsys.readouterr().out)}
    assert status == (FAILED if any(found.values()) else DONE)
    return found


def openssl(*words: object) -> str:
    """What OpenSSL says; it knows nothing of us."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    command = [program, *map(str, words)]
    return finished(command, check=True).stdout


# Keys


def test_a_private_key_is_its_owners_alone_and_the_public_one_lies_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_key(tmp_path)
    out, err = capsys.readouterr()
    assert key.stat().st_mode & 0o777 == 0o600
    assert out == f"{read_public_key(public(key)).id}  {public(key)}\n"
    assert err == ""
    assert "PRIVATE" not in public(key).read_text(encoding="ascii")


@pytest.mark.parametrize("there", ["key", "key.pub"])
def test_a_key_is_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str
) -> None:
    (tmp_path / there).write_text("somebody's", encoding="ascii")
    assert deploy("keygen", "--out", tmp_path / "key") == FAILED
    assert f"{tmp_path / there} exists" in said(capsys)
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_key_may_have_a_passphrase_which_stands_in_a_file(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passphrase, wrong = tmp_path / "passphrase", tmp_path / "wrong"
    passphrase.write_text("correct horse\n", encoding="utf-8")
    wrong.write_text("battery staple\n", encoding="utf-8")
    key = tmp_path / "locked"
    assert deploy("keygen", "--out", key, "--passphrase-file", passphrase) == DONE
    capsys.readouterr()
    assert deploy("sign", bundle, "--key", key) == FAILED
    assert "is encrypted, name its --passphrase-file" in said(capsys)
    assert deploy("sign", bundle, "--key", key, "--passphrase-file", wrong) == FAILED
    refused = said(capsys)
    assert "the passphrase is wrong" in refused
    assert "battery" not in refused
    assert deploy("sign", bundle, "--key", key, "--passphrase-file", passphrase) == DONE


def test_a_key_that_others_can_read_signs_nothing(
    bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key.chmod(0o640)
    assert deploy("sign", bundle, "--key", key) == FAILED
    assert f"{key} can be used by others (-rw-r-----): chmod 600 {key}" in said(capsys)
    assert not signature_file(bundle / MANIFEST).exists()


def test_each_key_has_its_place(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("verify-signature", signed, "--trust", key) == FAILED
    refused = said(capsys)
    assert f"{key} is a private key, expected the public one (key.pub)" in refused
    assert "BEGIN" not in refused
    assert deploy("sign", signed, "--key", public(key)) == FAILED
    assert "is a public key: signing takes the private one" in said(capsys)


@pytest.mark.parametrize("text", ["", "no key at all", "-----BEGIN PUBLIC KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_is_named(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "text").write_text(text, encoding="ascii")
    assert deploy("verify-signature", signed, "--trust", tmp_path / "text") == FAILED
    assert f"{tmp_path / 'text'} is no public key" in said(capsys)
    assert deploy("verify-signature", signed, "--trust", tmp_path / "none") == FAILED
    assert f"key {tmp_path / 'none'} cannot be read: No such file" in said(capsys)


def test_another_kind_of_key_is_refused(
    signed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, other = tmp_path / "rsa", tmp_path / "rsa.pub"
    openssl("genrsa", "-out", private, "2048")
    openssl("pkey", "-in", private, "-pubout", "-out", other)
    private.chmod(0o600)
    assert deploy("verify-signature", signed, "--trust", other) == FAILED
    assert "another kind of key, expected Ed25519" in said(capsys)
    assert deploy("sign", signed, "--key", private) == FAILED
    assert "another kind of key, expected Ed25519" in said(capsys)


# Signatures


def test_a_signed_bundle_and_its_engine_are_told_from_others(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy("verify-signature", signed, "--trust", public(key)) == DONE
    out, _ = capsys.readouterr()
    signer = read_public_key(public(key)).id
    assert out.splitlines() == [
        f"{signed / MANIFEST}: signed by {signer}",
        f"{record_of(signed)}: signed by {signer}",
    ]


def test_openssl_confirms_what_was_signed(signed: Path, key: Path, tmp_path: Path) -> None:
    """The format is what the docs say, not what this code happens to read."""
    text, value = tmp_path / "text", tmp_path / "value"
    text.write_bytes(b"yardlight.signature/1 bundle.json\n" + (signed / MANIFEST).read_bytes())
    (signature,) = read_signatures(signed / MANIFEST)
    value.write_bytes(signature.value)
    words = ["-pubin", "-inkey", public(key), "-rawin", "-in", text, "-sigfile", value]
    assert "Signature Verified Successfully" in openssl("pkeyutl", "-verify", *words)


def test_who_did_not_sign_is_told_from_who_did(
    signed: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = new_key(tmp_path, "other")
    capsys.readouterr()
    theirs, ours = (read_public_key(public(one)).id for one in (key, other))
    for reason in verdicts(signed, other, capsys).values():
        assert f"is signed by {theirs}, none of which is trusted: {ours}" in reason


def test_without_a_signature_it_says_so(
    bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = verdicts(bundle, key, capsys)
    assert "is not signed: " in found[MANIFEST]
    assert "is not signed: " in found[RECORD]


def test_a_manifest_that_was_changed_is_refused(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(signed, lambda manifest: manifest.update(version="better"))
    found = verdicts(signed, key, capsys)
    assert "was changed after it was signed" in found[MANIFEST]
    assert found[RECORD] == ""


def test_a_file_that_was_changed_is_refused_though_the_manifest_holds(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (signed / MODEL).write_bytes(b"another network")
    assert str(signed / MODEL) in verdicts(signed, key, capsys)[MANIFEST]


def test_a_certificate_that_was_edited_is_refused(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = record_of(signed)
    record.write_text(record.read_text("utf-8").replace('"agreement": 1.0', '"agreement": 0.9'))
    found = verdicts(signed, key, capsys)
    assert "was changed after it was signed" in found[RECORD]
    assert found[MANIFEST] == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ('{"schema": "yardlight.signature/9"}', "yardlight.signature/1"),
        ('{"schema": "yardlight.signature/1", "signatures": [{"key": 7}]}', "is damaged"),
    ],
)
def test_a_signature_file_that_is_none_is_refused(
    signed: Path, key: Path, capsys: pytest.CaptureFixture[str], text: str, expected: str
) -> None:
    signature_file(signed / MANIFEST).write_text(text, encoding="utf-8")
    assert expected in verdicts(signed, key, capsys)[MANIFEST]


def test_the_word_for_a_bundle_is_no_word_for_an_engine() -> None:
    assert message(Path("a/bundle.json"), b"{}") != message(Path("a/engine.json"), b"{}")


def test_nothing_is_parsed_before_the_signature_holds(signed: Path, key: Path) -> None:
    (signed / MANIFEST).write_bytes(b"{ this is no JSON")
    trust = read_trust([public(key)])
    with pytest.raises(Fatal, match="was changed after it was signed"):
        open_bundle(signed, trust.vouch)


# Rotation


def test_a_second_key_signs_beside_the_first_until_it_replaces_it(
    signed: Path, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = new_key(tmp_path, "new")
    assert deploy("sign", signed, "--key", new) == DONE
    capsys.readouterr()
    assert not any(verdicts(signed, key, capsys).values())
    assert not any(verdicts(signed, new, capsys).values())
    assert deploy("sign", signed, "--key", new, "--replace") == DONE
    capsys.readouterr()
    assert all("none of which is trusted" in why for why in verdicts(signed, key, capsys).values())
    assert not any(verdicts(signed, new, capsys).values())


def test_signing_again_forgets_those_who_signed_something_else(
    signed: Path, tmp_path: Path
) -> None:
    spoil(signed, lambda manifest: manifest.update(version="better"))
    shutil.rmtree(signed / "engines")  # made for what the bundle was before
    new = new_key(tmp_path, "new")
    assert deploy("sign", signed, "--key", new) == DONE
    (left,) = read_signatures(signed / MANIFEST)
    assert left.key == read_public_key(public(new)).id


@pytest.mark.parametrize("together", [True, False])
def test_one_of_several_trusted_keys_is_enough(
    signed: Path, key: Path, tmp_path: Path, together: bool
) -> None:
    other = public(new_key(tmp_path, "other"))
    trust = (
        ["--trust", f"{other},{public(key)}"]
        if together
        else ["--trust", other, "--trust", public(key)]
    )
    assert deploy("verify-signature", signed, *trust) == DONE


# What is not signed


def test_what_is_damaged_is_not_signed(
    bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle / MODEL).write_bytes(b"another network")
    assert deploy("sign", bundle, "--key", key) == FAILED
    assert str(bundle / MODEL) in said(capsys)
    assert not signature_file(bundle / MANIFEST).exists()


def test_an_engine_of_another_model_is_not_signed(
    bundle: Path, key: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(bundle, lambda manifest: manifest.update(version="better"))
    assert deploy("sign", bundle, "--key", key) == FAILED
    assert "was built from another model" in said(capsys)
    assert not signature_file(bundle / MANIFEST).exists()


@pytest.mark.parametrize("place", ["golden/0000.jpg", "engines/link", "bundle.sig"])
def test_a_link_in_a_bundle_is_refused(signed: Path, key: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "elsewhere").write_bytes(b"")
    (signed / place).unlink(missing_ok=True)
    (signed / place).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fatal, match="is a symbolic link"):
        open_bundle(signed, read_trust([public(key)]).vouch)


def test_without_a_key_it_is_wrong_usage(bundle: Path) -> None:
    assert deploy("sign", bundle) == WRONG_USAGE
    assert deploy("verify-signature", bundle) == WRONG_USAGE
