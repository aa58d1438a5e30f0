"""A catalogue in one signed file, for sites without a network: made here, taken in there.

``FILE.tar.zst`` holds, in this order: ``manifest.json``, ``manifest.json.minisig`` and every product under
``products/ID``. The manifest names the sha256 and size of each, so its signature covers all. The same catalogue makes
the same bytes. Everything is checked before anything is stored: a file that is not as it was signed leaves no trace.
"""

import contextlib
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Literal

import zstandard
from pydantic import ValidationError

from runstone.catalog import code, minisign
from runstone.catalog.build import products
from runstone.catalog.collection import Registered, Version
from runstone.catalog.minisign import PublicKey, SecretKey
from runstone.catalog.store import Store
from runstone.errors import BadInput, Conflict, NotFound
from runstone.model.noun import Noun

FORMAT = "runstone-catalogue-1"
_MANIFEST = "manifest.json"
_SIGNATURE = "manifest.json.minisig"
_PRODUCT = re.compile(r"products/([0-9a-f]{64})")
_STAGES = ("parsed", "linted", "tested", "augmented", "indexed")
_LEVEL = 10
_HEAD_CAP = 64 * 1024**2
"""Bytes of the manifest."""
_MEMBER_CAP = 256 * 1024**2
_TOTAL_CAP = 8 * 1024**3
_WINDOW_CAP = 128 * 1024**2
_STEP = 1024**2


class Member(Noun):
    """One product in the file."""

    sha256: str
    size: int


class Manifest(Noun):
    """What the file holds. Of each collection the version that was served."""

    format: Literal["runstone-catalogue-1"]
    collections: tuple[Registered, ...]
    versions: tuple[Version, ...]
    products: dict[str, Member]


class Taken(Noun):
    """What an import came to: each collection with its commit; ``comment`` was signed along, empty when unsigned."""

    collections: tuple[tuple[str, str], ...]
    products: int
    comment: str


async def write(store: Store, file: Path, key: SecretKey | None, names: tuple[str, ...] = ()) -> Manifest:
    """Export the served versions of these collections, or of all. Raises NotFound when there is nothing to export."""
    chosen = [await store.collection(name) for name in names] or list(await store.collections())
    served = [one for one in chosen if one.current]
    if not served:
        raise NotFound("No collection has a version to export. Build one: runstone collection build NAME")
    versions = [await store.version(one.name, one.current) for one in served]
    ids = sorted(set(products((piece for one in versions for piece in one.pieces), _STAGES)))
    kept = await store.products(ids)
    manifest = Manifest(
        format=FORMAT,
        # Whom a collection was added by, and where its secrets lie, is this site's own.
        collections=tuple(one.model_copy(update={"added_by": "", "hook_key": "", "poll_s": 0}) for one in served),
        versions=tuple(versions),
        products={one: Member(sha256=_sha256(kept[one]), size=len(kept[one])) for one in ids},
    )
    head = manifest.model_dump_json(indent=1).encode()
    signature = key.sign(head, f"runstone catalogue of {len(served)} collections").encode() if key else b""
    members = {_MANIFEST: head, **({_SIGNATURE: signature} if key else {})}
    _pack(file, members | {f"products/{one}": kept[one] for one in ids})
    return manifest


async def read(store: Store, file: Path, trusted: PublicKey | None, now: str) -> Taken:
    """Take in an exported file. With ``trusted`` None its signature is not looked at: the caller asked for that.

    Raises BadInput for a file that is not what it should be, Forbidden for a wrong signature, Conflict for a collection
    or a version that is here and is another. Nothing is stored then.
    """
    with _unpacked(file) as archive:
        manifest, comment = _checked(archive, trusted)
    await _compare(store, manifest)
    with _unpacked(file) as archive:
        # Read once more and checked once more: the file may have changed, and it may be larger than memory.
        for name, data in _members(archive, manifest):
            await store.keep({_imported(manifest.products[name]): data})
    own = {"added_by": "import", "added_at": now, "hook_key": "", "poll_s": 0}
    for registered, version in zip(manifest.collections, manifest.versions, strict=True):
        await _take(store, registered.model_copy(update=own), _renamed(version, manifest))
    taken = tuple((one.collection, one.commit) for one in manifest.versions)
    return Taken(collections=taken, products=len(manifest.products), comment=comment)


def _imported(one: Member) -> str:
    """The id of an imported product: of its content, so that it is never taken for what a build here made."""
    return code.joined("imported", one.sha256)


def _renamed(version: Version, manifest: Manifest) -> Version:
    """The version with the ids that its products have here."""
    pieces = (
        one.model_copy(
            update={stage: _imported(manifest.products[known]) for stage in _STAGES if (known := getattr(one, stage))}
        )
        for one in version.pieces
    )
    return version.model_copy(update={"pieces": tuple(pieces)})


def _checked(archive: "_Archive", trusted: PublicKey | None) -> tuple[Manifest, str]:
    """The manifest, once its signature and every member are as they should be."""
    head = archive.named(_MANIFEST, _HEAD_CAP, "This is no exported catalogue: it does not begin with a manifest.")
    comment = ""
    if trusted is not None:
        unsigned = "The file is not signed. Ask for a signed one, or take it as it is with --unsigned."
        comment = minisign.verified(
            head, archive.named(_SIGNATURE, 10_000, unsigned).decode("utf-8", "replace"), trusted
        )
    manifest = _manifest(head)
    missing = set(manifest.products) - {name for name, _ in _members(archive, manifest)}
    if missing:
        raise BadInput(f"The file ends before its {len(manifest.products)} products do: {len(missing)} are missing.")
    return manifest, comment


def _manifest(head: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(head)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"The manifest is wrong at {place}: {first['msg']}. Export the catalogue again.") from err
    named = [one.name for one in manifest.collections]
    if named != [one.collection for one in manifest.versions] or len(set(named)) != len(named):
        raise BadInput("The manifest does not have one version for each of its collections.")
    addresses = [_address(one) for one in manifest.collections]
    if len(set(addresses)) != len(addresses):
        raise BadInput("The manifest has one address under two names. Export the catalogue again.")
    for name in (
        *named,
        *(part for one in manifest.versions for piece in one.pieces for part in piece.path.split("/")),
    ):
        # Names become folders of pages and of locks.
        if not name or name in (".", "..") or "\0" in name or "/" in name or "\\" in name:
            raise BadInput(f"The manifest has the name {name[:100]!r}, which is none. Export the catalogue again.")
    needed = set(products((piece for one in manifest.versions for piece in one.pieces), _STAGES))
    if needed - set(manifest.products):
        raise BadInput(f"The manifest lacks {len(needed - set(manifest.products))} products that its versions need.")
    if set(manifest.products) - needed:
        raise BadInput("The manifest has products that its versions do not need. Export the catalogue again.")
    if sum(one.size for one in manifest.products.values()) > _TOTAL_CAP:
        raise BadInput(f"The file unfolds to more than {_TOTAL_CAP // 1024**3} GB. Export fewer collections at once.")
    return manifest


def _members(archive: "_Archive", manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """Every product with its bytes, each as the manifest says. Raises BadInput for anything else that is there."""
    seen: set[str] = set()
    while member := archive.next():
        if member.name in (_MANIFEST, _SIGNATURE) and not seen:
            archive.take(member, _HEAD_CAP)
            continue
        found = _PRODUCT.fullmatch(member.name)
        expected = manifest.products.get(found[1]) if found else None
        if found is None or expected is None:
            raise BadInput(
                f"The file holds {member.name[:100]!r}, which its manifest does not name. It is not taken in."
            )
        if found[1] in seen:
            raise BadInput(f"The file holds {member.name} twice.")
        seen.add(found[1])
        if member.size != expected.size:
            raise BadInput(f"{member.name} has {member.size} bytes where its manifest says {expected.size}.")
        data = archive.take(member, _MEMBER_CAP)
        if _sha256(data) != expected.sha256:
            raise BadInput(f"{member.name} is not what its manifest says: it was changed or damaged on the way.")
        if not _is_json(data):
            raise BadInput(f"{member.name} is no JSON. Export the catalogue again.")
        yield found[1], data


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


async def _compare(store: Store, manifest: Manifest) -> None:
    """Raise Conflict when what is here already is something else under the same name."""
    here = {one.name: one for one in await store.collections()}
    for registered, version in zip(manifest.collections, manifest.versions, strict=True):
        known = here.get(registered.name)
        if known and _address(known) != _address(registered):
            raise Conflict(
                f"{known.name} is another collection here: {known.url}. Remove it first, or rename it there."
            )
        taken = [one.name for one in here.values() if _address(one) == _address(registered)]
        if taken not in ([], [registered.name]):
            raise Conflict(f"{registered.url} is registered here as {taken[0]}. Remove it first.")
        published = {one.commit for one in await store.versions(registered.name)}
        if version.commit in published:
            kept = await store.version(registered.name, version.commit)
            if _content(kept) not in (_content(version), _content(_renamed(version, manifest))):
                raise Conflict(
                    f"{registered.name} at {version.commit[:12]} is published here with other content, and versions "
                    "never change. Remove the collection first to take this one."
                )


async def _take(store: Store, registered: Registered, version: Version) -> None:
    if registered.name not in {one.name for one in await store.collections()}:
        await store.add(registered.model_copy(update={"current": ""}))
    # One that is here already is not served again for being sent again: that is what going back is for.
    if version.commit not in {one.commit for one in await store.versions(registered.name)}:
        await store.publish(version)


def _address(one: Registered) -> tuple[str, str, str]:
    return one.url, one.ref, one.path


def _content(one: Version) -> Mapping[str, object]:
    return one.model_dump(exclude={"number", "published_at"})


def _pack(file: Path, members: Mapping[str, bytes]) -> None:
    """Write the members beside the file and move them there whole. Only names and contents make its bytes."""
    part = file.with_name(f"{file.name}.part")
    try:
        with (
            part.open("wb") as raw,
            zstandard.ZstdCompressor(_LEVEL, write_checksum=True).stream_writer(raw) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for name, data in members.items():
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(data), 0o644
                archive.addfile(member, io.BytesIO(data))
        part.replace(file)
    except OSError as err:
        raise BadInput(f"{file} cannot be written: {err.strerror}. Choose another place.") from err
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _unpacked(file: Path) -> "Generator[_Archive]":
    """The archive as a stream. What the decompressor and tar say of it becomes a sentence."""
    try:
        with (
            file.open("rb") as raw,
            zstandard.ZstdDecompressor(max_window_size=_WINDOW_CAP).stream_reader(raw) as stream,
        ):
            yield _Archive(stream)
    except OSError as err:
        raise BadInput(f"{file} cannot be read: {err.strerror or err}.") from err
    except (tarfile.TarError, zstandard.ZstdError, UnicodeDecodeError) as err:
        raise BadInput(f"{file} is no exported catalogue, or it is damaged ({err}).") from err


class _Archive:
    """The members of a tar, one after the other, plain files only.

    Not tarfile's reader: that follows headers which make it read any number of bytes before anyone can look at them.
    """

    def __init__(self, stream: zstandard.ZstdDecompressionReader) -> None:
        self._stream = stream
        self._left = _TOTAL_CAP + _HEAD_CAP

    def next(self) -> tarfile.TarInfo | None:
        """The next member's header, whose bytes must be taken then; None at the end. Raises BadInput for a link."""
        block = self._read(tarfile.BLOCKSIZE)
        if not block.strip(b"\0"):
            return None
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        if member.type != tarfile.REGTYPE:
            kind = "link" if member.issym() or member.islnk() else "special file"
            raise BadInput(f"The file holds the {kind} {member.name[:100]!r}. It is not taken in.")
        return member

    def take(self, member: tarfile.TarInfo, cap: int) -> bytes:
        """The bytes of the member that was next. Raises BadInput when it has more than the cap."""
        if not 0 <= member.size <= cap:
            raise BadInput(f"{member.name[:100]} has {member.size} bytes; at most {cap} are taken.")
        data = self._read(member.size)
        self._read(-member.size % tarfile.BLOCKSIZE)
        return data

    def named(self, name: str, cap: int, otherwise: str) -> bytes:
        """The bytes of the next member, which must have this name. Raises BadInput with the sentence."""
        member = self.next()
        if member is None or member.name != name:
            raise BadInput(otherwise)
        return self.take(member, cap)

    def _read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise BadInput(f"The file unfolds to more than {_TOTAL_CAP // 1024**3} GB, so reading it was stopped.")
        parts: list[bytes] = []
        while size and (part := self._stream.read(min(size, _STEP))):
            parts.append(part)
            size -= len(part)
        if size:
            raise BadInput("The file ends before its end. Copy it again.")
        return b"".join(parts)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
