"""The format of evidence: a ZIP with a manifest of digests and a detached signature of it.

The same files give the same bytes: names in order, no times, no compression. The key (Ed25519,
RFC 8032) is derived from SECRET_KEY; the package contains the public key, so that others can verify
it with OpenSSL.
"""

import io
from collections.abc import Mapping
from hashlib import sha256
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from django.conf import settings

MANIFEST, SIGNATURE, PUBLIC_KEY, README = (
    "manifest.json",
    "manifest.sig",
    "public_key.pem",
    "README.txt",
)
FORMAT = "moderado-evidence-1"
_INFO = b"moderado.enforcement.evidence.1"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time of a ZIP
_README = """Evidence of Chat Moderado. Times are in UTC.

manifest.json names the SHA-256 digest of each file. manifest.sig is its Ed25519 signature, and
public_key.pem the key: compare its fingerprint with the one that the operator publishes.

    openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin \\
        -in manifest.json -sigfile manifest.sig

The operator verifies the package with `moderado evidence verify FILE`.
"""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the verification of a package found. It is intact without `problems`."""

    problems: tuple[str, ...]
    fingerprint: str = ""
    is_own_key: bool = False
    files: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    about: dict[str, str]
    files: dict[str, str]


def pack(files: Mapping[str, bytes], *, about: Mapping[str, str]) -> bytes:
    """Return the signed package of these files.

    Args:
        files: Contents by name.
        about: What the package is about, for the manifest.
    """
    key = _private_key()
    contents = {**files, README: _README.encode(), PUBLIC_KEY: _pem(key.public_key())}
    digests = {name: sha256(content).hexdigest() for name, content in sorted(contents.items())}
    manifest = to_json(Manifest(format=FORMAT, about=dict(about), files=digests))
    contents |= {MANIFEST: manifest, SIGNATURE: key.sign(manifest)}
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for name, content in sorted(contents.items()):
            entry = ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def verify(package: bytes) -> Checked:
    """Verify the signature of a package and the digest of each file."""
    try:
        with ZipFile(io.BytesIO(package)) as archive:
            names = archive.namelist()
            contents = {name: archive.read(name) for name in names}
        signed = contents.pop(MANIFEST)
        signature, public_key = contents.pop(SIGNATURE), contents[PUBLIC_KEY]
        manifest = msgspec.json.decode(signed, type=Manifest)
        key = _read_pem(public_key)
    except (BadZipFile, KeyError, TypeError, ValueError, msgspec.MsgspecError) as error:
        return Checked(problems=(f"no evidence package: {type(error).__name__}",))
    problems = []
    if len(names) != len(set(names)):
        problems.append("a name occurs twice")
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        problems.append("the signature is not of this manifest")
    digests = {name: sha256(content).hexdigest() for name, content in contents.items()}
    problems += [
        f"{name}: changed, added or missing"
        for name in sorted(digests.keys() | manifest.files.keys())
        if digests.get(name) != manifest.files.get(name)
    ]
    return Checked(
        problems=tuple(problems),
        fingerprint=_fingerprint(key),
        is_own_key=_raw(key) == _raw(_private_key().public_key()),
        files=len(manifest.files),
    )


def own_fingerprint() -> str:
    """Return the fingerprint of this server's key, to publish."""
    return _fingerprint(_private_key().public_key())


def to_json(value: object) -> bytes:
    """Return JSON of plain values, the same for equal values."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def _private_key() -> Ed25519PrivateKey:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO)
    return Ed25519PrivateKey.from_private_bytes(derived.derive(settings.SECRET_KEY.encode()))


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _read_pem(written: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(written)
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError
    return key


def _fingerprint(key: Ed25519PublicKey) -> str:
    return sha256(_raw(key)).hexdigest()
