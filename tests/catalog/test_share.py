"""A catalogue travels in one signed file, and nothing is taken in from a file that is not as it was signed."""

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("cryptography")
zstandard = pytest.importorskip("zstandard")

from repositories import Repository, git  # noqa: E402
from runstone.catalog import publish, share  # noqa: E402
from runstone.catalog.minisign import SecretKey  # noqa: E402
from runstone.catalog.registry import Registry  # noqa: E402
from runstone.errors import BadInput, Conflict, Forbidden, NotFound, RunstoneError  # noqa: E402

KEY = SecretKey(b"12345678", bytes(range(32)))
NOW = "2026-01-01T00:00:00.000Z"


async def site(folder: Path) -> Registry:
    """A site with a built collection."""
    (folder / "there").mkdir()
    found = await Registry.open(folder / "there")
    origin = Repository(folder / "mine").bundle("pods").bundle("more")
    origin.commit()
    await found.add(str(origin.folder), by="user:someone", hook_key="env@SECRET_PLACE")
    await found.build("mine", "test")
    return found


@pytest.fixture
async def there(tmp_path: Path) -> AsyncGenerator[Registry]:
    found = await site(tmp_path)
    yield found
    await found.close()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed export, made once."""
    folder = tmp_path_factory.mktemp("exported")

    async def made() -> None:
        registry = await site(folder)
        await share.write(registry.store, folder / "catalogue.tar.zst", KEY)
        await registry.close()

    asyncio.run(made())
    return folder / "catalogue.tar.zst"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Registry]:
    """A site without a network."""
    (tmp_path / "here").mkdir()
    found = await Registry.open(tmp_path / "here")
    yield found
    await found.close()


async def test_a_signed_export_is_taken_in_where_there_is_no_network(
    there: Registry, here: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "catalogue.tar.zst"
    manifest = await share.write(there.store, file, KEY)
    taken = await share.read(here.store, file, KEY.public, NOW)
    assert (taken.collections[0][0], taken.products) == ("mine", len(manifest.products))
    assert taken.comment == "runstone catalogue of 1 collections"
    assert await publish.bundle(here.store, "mine", "pods") == await publish.bundle(there.store, "mine", "pods")
    one = await here.store.collection("mine")
    assert (one.added_by, one.hook_key) == ("import", "")
    assert b"user:someone" not in b"".join(data for _, data in members(file))
    again = await share.read(here.store, file, KEY.public, NOW)
    assert again.collections == taken.collections
    assert len(await here.store.versions("mine")) == 1


async def test_the_same_catalogue_makes_the_same_bytes(there: Registry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        await share.write(there.store, tmp_path / name, KEY)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    await share.write(there.store, tmp_path / "three", KEY, ("mine",))
    assert (tmp_path / "three").read_bytes() == (tmp_path / "two").read_bytes()


async def test_there_is_nothing_to_export(here: Registry, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="runstone collection build"):
        await share.write(here.store, tmp_path / "x", None)
    with pytest.raises(BadInput, match="cannot be written"):
        share._pack(tmp_path / "no/folder/x", {})


def members(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    plain = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(file.read_bytes())).read()
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return [(one, archive.extractfile(one).read()) for one in archive]  # pyright: ignore[reportOptionalMemberAccess]


def packed(file: Path, found: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for member, data in found:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data) if member.isreg() else None)
    file.write_bytes(zstandard.ZstdCompressor().compress(raw.getvalue()))


def special(name: str, type_: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = type_, link
    return member, b""


Members = list[tuple[tarfile.TarInfo, bytes]]


def _changed(found: Members) -> Members:
    return [*found[:-1], (found[-1][0], found[-1][1][::-1])]


def _resized(found: Members) -> Members:
    return [*found[:-1], (found[-1][0], found[-1][1] + b" ")]


def _manifest(found: Members) -> Members:
    return [(found[0][0], found[0][1].replace(b'"mine"', b'"yours"')), *found[1:]]


def _unnamed(found: Members) -> Members:
    return [*found, (tarfile.TarInfo("products/" + "0" * 64), b"{}")]


def _out(found: Members) -> Members:
    return [*found, (tarfile.TarInfo("../../etc/cron.d/x"), b"* * * * * root id")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_changed, "is not what its manifest says: it was changed"),
        (_resized, "bytes where its manifest says"),
        (_manifest, "The signature does not fit"),
        (_unnamed, "which its manifest does not name"),
        (_out, "'../../etc/cron.d/x', which its manifest does not name"),
        (lambda found: [*found, special("x", tarfile.SYMTYPE, "/etc/passwd")], "the link 'x'"),
        (lambda found: [*found, special("x", tarfile.LNKTYPE, "manifest.json")], "the link 'x'"),
        (lambda found: [*found, special("x", tarfile.FIFOTYPE)], "the special file 'x'"),
        (lambda found: [*found, special("x", tarfile.CHRTYPE)], "the special file 'x'"),
        (lambda found: [*found, found[-1]], "twice"),
        (lambda found: found[:-1], "1 are missing"),
        (lambda found: [found[0], *found[2:]], "The file is not signed"),
        (lambda found: [found[1], found[0], *found[2:]], "does not begin with a manifest"),
        (lambda found: [], "does not begin with a manifest"),
    ],
)
async def test_a_file_that_was_tampered_with_is_refused_and_leaves_nothing(
    exported: Path, here: Registry, tmp_path: Path, change: Callable[[Members], Members], said: str
) -> None:
    file = tmp_path / "changed.tar.zst"
    found = members(exported)
    packed(file, change(found))
    with pytest.raises(RunstoneError, match=said):
        await share.read(here.store, file, KEY.public, NOW)
    assert await here.store.collections() == ()
    assert await here.store.known([member.name[9:] for member, _ in found[2:]]) == frozenset()


async def test_a_file_signed_by_somebody_else_is_refused(there: Registry, here: Registry, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.tar.zst"
    await share.write(there.store, file, SecretKey.new())
    with pytest.raises(Forbidden, match="and the key you trust is 3837363534333231"):
        await share.read(here.store, file, KEY.public, NOW)


async def test_an_unsigned_file_is_taken_only_by_who_asks_for_that(
    there: Registry, here: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "catalogue.tar.zst"
    await share.write(there.store, file, None)
    with pytest.raises(BadInput, match="not signed"):
        await share.read(here.store, file, KEY.public, NOW)
    taken = await share.read(here.store, file, None, NOW)
    assert (taken.collections[0][0], taken.comment) == ("mine", "")


@pytest.mark.parametrize("data", [b"", b"not zstd at all", zstandard.ZstdCompressor().compress(b"x" * 700)])
async def test_a_file_that_is_something_else(here: Registry, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(BadInput, match="no exported catalogue|ends before its end"):
        await share.read(here.store, file, None, NOW)
    with pytest.raises(BadInput, match="cannot be read"):
        await share.read(here.store, tmp_path / "missing", None, NOW)


async def test_a_file_that_breaks_off(exported: Path, here: Registry, tmp_path: Path) -> None:
    file = tmp_path / "part.tar.zst"
    whole = exported.read_bytes()
    for part in (10, len(whole) // 2, len(whole) - 20):
        file.write_bytes(whole[:part])
        with pytest.raises(BadInput):
            await share.read(here.store, file, KEY.public, NOW)
    assert await here.store.collections() == ()


async def test_a_header_that_asks_for_gigabytes_is_not_followed(here: Registry, tmp_path: Path) -> None:
    huge = tarfile.TarInfo("manifest.json")
    huge.size = 5 * 1024**3
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 5 * 1024**3
    for member, said in ((huge, "at most 67108864 are taken"), (long_name, "special file")):
        file = tmp_path / "bomb"
        file.write_bytes(zstandard.ZstdCompressor().compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(10_000_000)))
        with pytest.raises(BadInput, match=said):
            await share.read(here.store, file, None, NOW)


async def test_what_is_here_under_the_same_name_is_not_replaced(exported: Path, here: Registry) -> None:
    await here.add("https://example.org/other/mine.git", by="t")
    with pytest.raises(Conflict, match="mine is another collection here"):
        await share.read(here.store, exported, KEY.public, NOW)
    await here.remove("mine")
    await here.add(str(exported.parent / "mine"), by="t", name="own")
    with pytest.raises(Conflict, match="is registered here as own"):
        await share.read(here.store, exported, KEY.public, NOW)


def forged(file: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None], to: Path) -> Path:
    """An export whose manifest and products (by id) were changed, and are what the manifest says."""
    (head, text), _, *rest = members(file)
    manifest, found = json.loads(text), {member.name[9:]: data for member, data in rest}
    change(manifest, found)
    for name, data in found.items():
        manifest["products"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    told = [(tarfile.TarInfo(f"products/{name}"), data) for name, data in found.items()]
    packed(to, [(head, json.dumps(manifest).encode()), *told])
    return to


async def test_a_published_commit_is_never_changed_by_an_import(exported: Path, here: Registry, tmp_path: Path) -> None:
    await share.read(here.store, exported, KEY.public, NOW)

    def change(manifest: dict[str, Any], found: dict[str, bytes]) -> None:
        name = manifest["versions"][0]["pieces"][0]["parsed"]
        found[name] = found[name].replace(b"List Restarting", b"FORGED")

    with pytest.raises(Conflict, match="published here with other content"):
        await share.read(here.store, forged(exported, change, tmp_path / "forged"), None, NOW)


async def test_what_is_taken_in_is_never_taken_for_work_of_a_build_here(
    exported: Path, here: Registry, tmp_path: Path
) -> None:
    def change(manifest: dict[str, Any], found: dict[str, bytes]) -> None:
        for piece in manifest["versions"][0]["pieces"]:
            found[piece["parsed"]] = found[piece["parsed"]].replace(b"List Restarting", b"FORGED")

    await share.read(here.store, forged(exported, change, tmp_path / "forged"), None, NOW)
    origin = Repository(tmp_path / "own").bundle("pods").bundle("more")
    origin.commit()
    await here.add(str(origin.folder), by="t")
    await here.build("own", "test")
    page = await publish.bundle(here.store, "own", "pods")
    assert page.tasks[0].title == "List Restarting Pods in `${NAMESPACE}`"


def _renamed(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["collections"][0]["name"] = manifest["versions"][0]["collection"] = "../../pwned"


def _path(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["versions"][0]["pieces"][0]["path"] = "../x"


def _unneeded(_: dict[str, Any], found: dict[str, bytes]) -> None:
    found["0" * 64] = b"{}"


def _no_json(manifest: dict[str, Any], found: dict[str, bytes]) -> None:
    found[manifest["versions"][0]["pieces"][0]["parsed"]] = b"{"


def _twice(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
    manifest["collections"].append({**manifest["collections"][0], "name": "second"})
    manifest["versions"].append({**manifest["versions"][0], "collection": "second"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_renamed, "has the name '../../pwned'"),
        (_path, "has the name '..'"),
        (_unneeded, "do not need"),
        (_no_json, "is no JSON"),
        (_twice, "one address under two names"),
    ],
)
async def test_a_file_that_is_signed_and_wrong_is_refused_before_anything_is_stored(
    exported: Path,
    here: Registry,
    tmp_path: Path,
    change: Callable[[dict[str, Any], dict[str, bytes]], None],
    said: str,
) -> None:
    with pytest.raises(BadInput, match=said):
        await share.read(here.store, forged(exported, change, tmp_path / "forged"), None, NOW)
    assert await here.store.collections() == ()


async def test_an_older_export_is_not_served_again(there: Registry, here: Registry, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    await share.write(there.store, old, KEY)
    origin = tmp_path / "mine"
    (origin / "codebundles/pods/README.md").write_text("# New\n")
    git(origin, "commit", "-q", "-a", "-m", "new")
    await there.build("mine", "test")
    await share.write(there.store, new, KEY)
    for file in (old, new, old):
        await share.read(here.store, file, KEY.public, NOW)
    served = (await there.store.collection("mine")).current
    assert (await here.store.collection("mine")).current == served
