"""Signatures in minisign's format, so that its keys and its program can be used on either side.

The format is that of jedisct1.github.io/minisign: base64 lines of an algorithm, an 8-byte key number and Ed25519 data.
``ED`` signs the BLAKE2b-512 of the data. Signatures and keys made here are those that ``minisign`` makes and takes.
"""

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from runstone.errors import BadInput, Forbidden

_PLAIN, _HASHED = b"Ed", b"ED"
_SCRYPT, _NO_KDF = b"Sc", b"\0\0"
_CHECKSUM = b"B2"
_SALT = 32
_SEALED = 8 + 64 + 32
"""Bytes of key number, secret key and checksum, which a password hides."""
_MEMORY = 2**31 - 2
"""Bytes that unlocking a key may need, the most that OpenSSL takes; minisign's own keys need 1 GB."""
_COMMENT = re.compile(r"[^\r\n]{0,1000}")


@dataclass(frozen=True)
class PublicKey:
    """Whom to trust: a key and its number."""

    number: bytes
    key: bytes

    @property
    def text(self) -> str:
        """The key as one line, as minisign prints it."""
        return _coded(_PLAIN + self.number + self.key)

    def file(self) -> str:
        """The key as minisign keeps it in a file."""
        return f"untrusted comment: minisign public key {self.number[::-1].hex().upper()}\n{self.text}\n"


@dataclass(frozen=True)
class SecretKey:
    """What signs. Does not show itself."""

    number: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def new(cls) -> "SecretKey":
        """A key of its own."""
        return cls(os.urandom(8), os.urandom(32))

    @property
    def public(self) -> PublicKey:
        """What others need to check its signatures."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return PublicKey(self.number, key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def file(self) -> str:
        """The key as minisign keeps one without a password; whoever reads the file can sign."""
        pair = self.seed + self.public.key
        checksum = hashlib.blake2b(_PLAIN + self.number + pair, digest_size=32).digest()
        head = _PLAIN + _NO_KDF + _CHECKSUM + bytes(_SALT + 16)
        return f"untrusted comment: minisign secret key\n{_coded(head + self.number + pair + checksum)}\n"

    def sign(self, data: bytes, comment: str) -> str:
        """The signature of data as a file of four lines; ``comment`` is signed along. Raises BadInput for its lines."""
        if not _COMMENT.fullmatch(comment):
            raise BadInput("The comment of a signature is one line of at most 1000 characters.")
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        signature = key.sign(hashlib.blake2b(data).digest())
        whole = key.sign(signature + comment.encode())
        return (
            f"untrusted comment: signature of a Runstone catalogue\n{_coded(_HASHED + self.number + signature)}\n"
            f"trusted comment: {comment}\n{_coded(whole)}\n"
        )


def public_key(text: str) -> PublicKey:
    """A public key from its file or its one line. Raises BadInput."""
    data = _decoded(_last_line(text), "public key")
    if len(data) != 42 or data[:2] != _PLAIN:
        raise BadInput("This is no public key of minisign: a line of 56 characters that begins with RW.")
    return PublicKey(data[2:10], data[10:])


def is_locked(text: str) -> bool:
    """Whether a secret key's file needs a password. Raises BadInput."""
    return _secret(text)[2:4] == _SCRYPT


def secret_key(text: str, password: str = "") -> SecretKey:
    """A secret key from its file. Raises BadInput for what is none, Forbidden for the wrong password."""
    data = _secret(text)
    sealed = data[-_SEALED:]
    if data[2:4] == _SCRYPT:
        sealed = _unlocked(data, sealed, password)
    number, pair, checksum = sealed[:8], sealed[8:72], sealed[72:]
    if hashlib.blake2b(_PLAIN + number + pair, digest_size=32).digest() != checksum:
        raise Forbidden("The secret key does not open: the password is wrong, or the file is damaged.")
    return SecretKey(number, pair[:32])


def verified(data: bytes, signature: str, trusted: PublicKey) -> str:
    """The signed comment of a signature that the trusted key made of the data.

    Raises BadInput for a text that is no signature, Forbidden for one of another key or of other data.
    """
    lines = signature.splitlines()
    if len(lines) != 4 or not lines[2].startswith("trusted comment: "):
        raise BadInput("This is no signature of minisign: four lines, two of them comments.")
    made, whole = _decoded(lines[1], "signature"), _decoded(lines[3], "signature")
    comment = lines[2].removeprefix("trusted comment: ")
    if len(made) != 74 or len(whole) != 64 or made[:2] not in (_PLAIN, _HASHED):
        raise BadInput("This is no signature of minisign: its lines do not have the right length.")
    if made[2:10] != trusted.number:
        raise Forbidden(
            f"It is signed with the key {made[2:10][::-1].hex().upper()}, "
            f"and the key you trust is {trusted.number[::-1].hex().upper()}."
        )
    told = hashlib.blake2b(data).digest() if made[:2] == _HASHED else data
    key = Ed25519PublicKey.from_public_bytes(trusted.key)
    try:
        key.verify(made[10:], told)
        key.verify(whole, made[10:] + comment.encode())
    except InvalidSignature as err:
        raise Forbidden("The signature does not fit: the data or its comment was changed after signing.") from err
    return comment


def _secret(text: str) -> bytes:
    data = _decoded(_last_line(text), "secret key")
    known = len(data) == 6 + _SALT + 16 + _SEALED and data[:2] == _PLAIN and data[4:6] == _CHECKSUM
    if not known or data[2:4] not in (_SCRYPT, _NO_KDF):
        raise BadInput("This is no secret key of minisign. Make one with: minisign -G, or runstone catalog key FILE")
    return data


def _unlocked(data: bytes, sealed: bytes, password: str) -> bytes:
    salt = data[6 : 6 + _SALT]
    operations, memory = (int.from_bytes(data[at : at + 8], "little") for at in (38, 46))
    n, r, p = _costs(operations, memory)
    if n * r * 128 * 5 // 4 > _MEMORY:
        raise BadInput("Unlocking this key needs too much memory. Make one with minisign's own settings.")
    stream = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY, dklen=_SEALED)
    return bytes(one ^ other for one, other in zip(sealed, stream, strict=True))


def _costs(operations: int, memory: int) -> tuple[int, int, int]:
    """scrypt's n, r and p as libsodium picks them from its two limits (crypto_pwhash_scryptsalsa208sha256)."""
    r = 8
    operations = max(operations, 32768)
    small = operations < memory // 32
    most = operations // (r * 4) if small else memory // (r * 128)
    power = next(one for one in range(1, 63) if 1 << one > most // 2)
    p = 1 if small else max(1, min(0x3FFFFFFF, (operations // 4) >> power) // r)
    return 1 << power, r, p


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""


def _decoded(line: str, what: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as err:
        raise BadInput(f"This is no {what} of minisign: its line is not base64.") from err


def _coded(data: bytes) -> str:
    return base64.b64encode(data).decode()
