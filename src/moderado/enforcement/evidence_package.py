"""The format of evidence: a ZIP with a manifest of digests and a detached signature of it.

It is written and read piece by piece, whatever its size. The same pieces in the same order give the
same bytes: no times. The key (Ed25519, RFC 8032) is derived from SECRET_KEY; the package contains
the public key, so that others can verify it with OpenSSL.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from hashlib import file_digest, sha256
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

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
_ENCRYPTED = 1  # a flag of an entry
_READ_WHOLE = frozenset({MANIFEST, SIGNATURE, PUBLIC_KEY})
_LARGEST_READ_WHOLE = 1 << 20  # bytes; the others are read piece by piece
_UNREADABLE = (
    BadZipFile, KeyError, TypeError, ValueError, EOFError, zlib.error, msgspec.MsgspecError,
    RuntimeError,  # `zipfile` knows such entries, and does not read them
)  # fmt: skip
_README = """Evidence of Chat Moderado. Times are in UTC.

manifest.json names the SHA-256 digest of each file. manifest.sig is its Ed25519 signature, and
public_key.pem the key: compare its fingerprint with the one that the operator publishes.

    openssl pkeyutl -verify -pubin -inkey public_key.pem -rawin \\
        -in manifest.json -sigfile manifest.sig

The operator verifies the package with `moderado evidence verify FILE`.
"""


class PackageVerification(msgspec.Struct, frozen=True, kw_only=True):
    """What the verification of a package found. It is intact without `problems`."""

    problems: tuple[str, ...]
    fingerprint: str = ""
    is_own_key: bool = False
    files: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    about: dict[str, str]
    files: dict[str, str]


class PackageWriter:
    """Writes a package into a file, one content after the other.

    Args:
        file: Where to write. It can seek.
        about: What the package is about, for the manifest.
    """

    def __init__(self, file: IO[bytes], *, about: Mapping[str, str]) -> None:
        self._archive = ZipFile(file, "w", ZIP_DEFLATED)
        self._about = dict(about)
        self._digests: dict[str, str] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a content."""
        digest = sha256()
        entry = ZipInfo(name, _EPOCH)
        entry.create_system, entry.external_attr = 3, 0o644 << 16
        entry.compress_type = ZIP_DEFLATED
        with self._archive.open(entry, "w", force_zip64=True) as content:
            for piece in pieces:
                digest.update(piece)
                content.write(piece)
        self._digests[name] = digest.hexdigest()

    def finish(self) -> None:
        """Write manifest and signature, which end the package."""
        key = _private_key()
        self.add(README, [_README.encode()])
        self.add(PUBLIC_KEY, [_pem(key.public_key())])
        files = dict(sorted(self._digests.items()))
        manifest = to_json(Manifest(format=FORMAT, about=self._about, files=files))
        self.add(MANIFEST, [manifest])
        self.add(SIGNATURE, [key.sign(manifest)])
        self._archive.close()


def verify(package: IO[bytes]) -> PackageVerification:
    """Verify the signature of a package and the digest of each file."""
    try:
        with ZipFile(package) as archive:
            _check_entries(archive)
            names = archive.namelist()
            signed, signature = archive.read(MANIFEST), archive.read(SIGNATURE)
            key = _read_pem(archive.read(PUBLIC_KEY))
            manifest = msgspec.json.decode(signed, type=Manifest)
            digests = dict(_digests(archive, {*names} - {MANIFEST, SIGNATURE}))
    except _UNREADABLE as error:
        return PackageVerification(problems=(f"no evidence package: {_why(error)}",))
    problems = []
    if len(names) != len(set(names)):
        problems.append("a name occurs twice")
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        problems.append("the signature is not of this manifest")
    problems += [
        f"{name}: changed, added or missing"
        for name in sorted(digests.keys() | manifest.files.keys())
        if digests.get(name) != manifest.files.get(name)
    ]
    return PackageVerification(
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


def json_rows(rows: Iterable[object]) -> Iterator[bytes]:
    """Yield the pieces of a JSON array, a row each."""
    before = b"[\n"
    for row in rows:
        yield before + to_json(row).rstrip()
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):
        return "a file of a package is missing"
    if isinstance(error, msgspec.MsgspecError):
        return f"{MANIFEST} cannot be read"
    return "the file is no whole ZIP, or an entry is damaged"


def _check_entries(archive: ZipFile) -> None:
    """Check that nothing needs another decompressor, a password, or much memory.

    Raises:
        BadZipFile: An entry is none that a package has.
    """
    for entry in archive.infolist():
        if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or entry.flag_bits & _ENCRYPTED:
            raise BadZipFile
        if entry.filename in _READ_WHOLE and entry.file_size > _LARGEST_READ_WHOLE:
            raise BadZipFile


def _digests(archive: ZipFile, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        with archive.open(name) as content:
            yield name, file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]


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
