"""A git address and a ref become a folder at one commit.

Under ``cache``: ``mirrors/NAME`` are bare repositories, ``trees/NAME/COMMIT`` their trees, made once and then only
read. No hook runs, no submodule is followed, no filter of the repository is applied, nobody is asked for a password,
and no link may lead out of the tree. A plain folder is used as it lies, under the commit ``worktree``.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import tarfile
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from runstone.errors import BadInput, Unreachable
from runstone.model.content import CollectionRef

WORKTREE = "worktree"
_FETCH_S = 300.0
_LOCAL_S = 120.0
_TREE_CAP = 512 * 1024**2
"""Bytes of one tree; the largest public collection has 14 MB."""
_FILES_CAP = 50_000
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$RUNSTONE_GIT_USER" "$RUNSTONE_GIT_TOKEN"; }; f'
)
"""git's protocol of credential helpers, spoken by a shell's own printf: no process has a value among its arguments."""
_FILE_CAP = 64 * 1024**2
"""Bytes of one file; the largest public one has 2.7 MB."""
_PACK_CAP = 1024**3
"""Bytes of what a server sends; the largest public collection's history has 15 MB."""
_FEW = 200
"""Files that may have changed for the others to be taken over from another tree."""
_DEPTH_CAP = 32
_NAME_CAP = 1024
_LINE_CAP = 64 * 1024
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REMOTE = re.compile(r"(?:https?|ssh|git|file)://[^\s]+|[\w.-]+@[\w.-]+:[^\s]+")
_QUIET = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never"),
    *("-c", "filter.lfs.smudge=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false"),
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    # One pack a fetch, whatever its size: a single file can be held to a limit.
    *("-c", "fetch.unpackLimit=1"),
    # A cache that somebody else filled is only read, with nothing of its configuration obeyed.
    *("-c", "safe.directory=*", "-c", "core.pager=cat"),
)


@dataclass(frozen=True)
class Login:
    """Who asks an https or http server. The token goes to git in the environment only, and to that server only."""

    user: str
    token: str = field(repr=False)


async def at(
    url: str,
    ref: str | None,
    cache: Path,
    stale: Callable[[str], None] | None = None,
    login: Login | None = None,
    env: Mapping[str, str] | None = None,
) -> tuple[CollectionRef, Path]:
    """The tree of ``url`` at ``ref`` (a branch, tag or commit; None is the default branch), and its exact address.

    ``url``: anything git fetches from, the path of a git repository, or a plain folder. ``ref="worktree"`` takes a
    local repository's working tree as it lies. With ``stale``, a server that does not answer is told to it in a
    sentence, and the last good commit is used where there is one. ``login``: instead of what git finds by itself.
    ``env``: variables for git that fetches, besides this process's own, such as the configuration of a credential
    helper. Raises BadInput (no such folder or ref, unfit tree), Unreachable.
    """
    local = _folder(url)
    if local and (ref == WORKTREE or not _is_repository(local)):
        if ref not in (None, "", WORKTREE):
            raise BadInput(f"{url} is a plain folder without git, so it has no ref {ref}. Leave the ref out.")
        return CollectionRef(url=str(local), ref="", commit=WORKTREE), local
    found_at = address(url)
    async with _mirror(found_at, cache) as mirror:
        try:
            await _fetch(mirror, found_at, login, env)
            commit = await _resolve(mirror, found_at, ref)
        except Unreachable as err:
            commit = await _last_good(mirror, found_at, ref) if stale else ""
            if stale is None or not commit:
                raise
            stale(f"{err} Its last good commit {commit[:12]} is used.")
        found = CollectionRef(url=found_at, ref=ref or "HEAD", commit=commit)
        return found, await _tree(mirror, found, cache)


async def from_clone(clone: Path, url: str, ref: str, cache: Path) -> tuple[CollectionRef, Path]:
    """The tree of a bare clone of ``url`` that is here already, at a branch, tag or commit; no network is asked.

    Raises BadInput when it has no such ref.
    """
    if not _is_repository(clone):
        raise BadInput(f"{clone} is not a bare git repository. Make it with: git clone --bare {shown(url)} {clone}")
    commit = await _resolve(clone, url, ref)
    found = CollectionRef(url=url, ref=ref, commit=commit)
    return found, await _tree(clone, found, cache)


async def pinned(ref: CollectionRef, cache: Path) -> Path:
    """The tree of an exact address, from the cache when it is there. Raises BadInput, Unreachable."""
    if ref.commit == WORKTREE:
        folder = _folder(ref.url)
        if folder is None:
            raise BadInput(f"The folder {ref.url} is not on this machine. Give runners a git address instead.")
        return folder
    if not _COMMIT.fullmatch(ref.commit):
        raise BadInput(f"{ref.commit!r} is not a commit: 40 hex digits, or {WORKTREE} for a folder.")
    ready = _place(ref, cache)
    if ready.is_dir():
        return ready
    url = ref.url if _folder(ref.url) else _remote(ref.url)
    async with _mirror(url, cache) as mirror:
        if not await _has(mirror, ref.commit):
            await _fetch(mirror, url)
        await _resolve(mirror, url, ref.commit)
        return await _tree(mirror, ref, cache)


def address(url: str) -> str:
    """What git is given for ``url``: a folder here by its whole path, or the address itself. Raises BadInput."""
    local = _folder(url)
    return str(local) if local else _remote(url)


def _folder(url: str) -> Path | None:
    """The folder here that ``url`` names, if it does."""
    path = Path(url).expanduser()
    return path.resolve() if path.is_dir() else None


def _is_repository(folder: Path) -> bool:
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _remote(url: str) -> str:
    if not _REMOTE.fullmatch(url) or url.startswith("-"):
        raise BadInput(f"{shown(url)} is neither a folder here nor a git address (https://…, ssh://…, user@host:path).")
    return url


def shown(url: str) -> str:
    """The address without a password or token in it."""
    return re.sub(r"(?<=//)[^/@\s]+@", "", url)


def _name(url: str) -> str:
    words = re.sub(r"\W+", "-", shown(url).rstrip("/").removesuffix(".git"))[-40:].strip("-")
    return f"{words}-{hashlib.sha256(url.encode()).hexdigest()[:12]}"


def _place(ref: CollectionRef, cache: Path) -> Path:
    return cache / "trees" / _name(ref.url) / ref.commit


@contextlib.asynccontextmanager
async def _mirror(url: str, cache: Path) -> AsyncGenerator[Path, None]:
    """The bare repository of an address, for one user at a time, across processes too."""
    mirror = cache / "mirrors" / _name(url)
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with mirror.with_suffix(".lock").open("w") as lock:
        await _own(lock)
        if not (mirror / "HEAD").is_file():
            await _git(_LOCAL_S, "init", "--quiet", "--bare", str(mirror))
        yield mirror


async def _own(lock: IO[str]) -> None:
    """Wait for the lock without holding up anything else."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(0.1)
        else:
            return


async def _fetch(mirror: Path, url: str, login: Login | None = None, env: Mapping[str, str] | None = None) -> None:
    refspecs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*", "+HEAD:refs/runstone/default")
    options = ("--quiet", "--prune", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance")
    fetch = ("fetch", *options, "--", url, *refspecs)
    said, values = (_asking(url), _values(login)) if login else ((), {})
    code, _, problem = await _call(_FETCH_S, *said, "-C", str(mirror), *fetch, env={**(env or {}), **values})
    if code and await asyncio.to_thread(_drop_parts, mirror) >= _PACK_CAP:
        raise BadInput(
            f"{shown(url)} sends more than {_PACK_CAP // 1024**2} MB. Keep large data out of the repository."
        )
    if code:
        raise Unreachable(f"{shown(url)} could not be fetched: {_reason(problem, url)}")


def _asking(url: str) -> tuple[str, ...]:
    """Options by which git asks a shell for the login's values, for the server of ``url`` and no other.

    A header of git's would follow a redirect elsewhere; a helper is asked anew for each server. Helpers of the
    machine are left out, as they might keep the token.
    """
    server = re.match(r"https?://[^/]+", shown(url))
    return ("-c", "credential.helper=", "-c", f"credential.{server[0]}.helper={_HELPER}") if server else ()


def _values(login: Login) -> dict[str, str]:
    return {"RUNSTONE_GIT_USER": login.user, "RUNSTONE_GIT_TOKEN": login.token}


async def _resolve(mirror: Path, url: str, ref: str | None) -> str:
    names = [f"refs/heads/{ref}", f"refs/tags/{ref}"] if ref else ["refs/runstone/default"]
    if ref and re.fullmatch(r"[0-9a-f]{7,40}", ref):
        names.append(ref)
    for name in names:
        code, found, _ = await _call(
            _LOCAL_S, "-C", str(mirror), "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"
        )
        if not code:
            return found.decode().strip()
    raise BadInput(f"{shown(url)} has no branch, tag or commit {ref or 'HEAD'}. Correct the ref, or push it first.")


async def _last_good(mirror: Path, url: str, ref: str | None) -> str:
    """The commit of a ref as it was last fetched; empty when it never was."""
    try:
        return await _resolve(mirror, url, ref)
    except BadInput:
        return ""


async def _has(mirror: Path, commit: str) -> bool:
    code, _, _ = await _call(_LOCAL_S, "-C", str(mirror), "cat-file", "-e", f"{commit}^{{commit}}")
    return not code


async def _tree(mirror: Path, ref: CollectionRef, cache: Path) -> Path:
    """Unpack the commit beside its final place and move it there, so that a half-made tree is never seen."""
    ready = _place(ref, cache)
    if ready.is_dir():
        return ready
    files = await _measure(mirror, ref)
    ready.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=ready.parent))
    try:
        archive, tree = making / "tree.tar", making / "tree"
        changed = await _taken_over(mirror, ref, files, tree)
        await _git(_LOCAL_S, "-C", str(mirror), "archive", "--format=tar", "-o", str(archive), ref.commit, *changed)
        await asyncio.to_thread(_unpack, archive, tree, ref)
        # The filter looks at a link when it is made; what comes after may lead it elsewhere, as may a tree taken over.
        await asyncio.to_thread(_stay_inside, tree, ref)
        tree.rename(ready)
    except (OSError, tarfile.ReadError) as err:
        raise BadInput(f"{shown(ref.url)} at {ref.commit[:12]} cannot be unpacked: {_why(err)}.") from err
    finally:
        await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)
    return ready


async def _taken_over(mirror: Path, ref: CollectionRef, files: Mapping[str, int], tree: Path) -> tuple[str, ...]:
    """Fill ``tree`` with links to what another commit's tree has of this one; the paths that git is still to archive.

    Writing thousands of files takes longer than all else of a checkout. Where there is no other tree, or many files
    changed, nothing is taken over, and no path is named: all is to be unpacked.
    """
    base = await asyncio.to_thread(_newest, tree.parents[1])
    if base is None:
        return ()
    ways = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", base.name, ref.commit)
    code, output, _ = await _call(_LOCAL_S, "-C", str(mirror), *ways)
    other = {name.decode("utf-8", "surrogateescape") for name in output.split(b"\0") if name}
    fresh = tuple(sorted(other & files.keys()))
    # Attributes (export-ignore, export-subst, eol) make a file's bytes depend on more than the file.
    attributed = any(name.rpartition("/")[2] == ".gitattributes" for name in (*files, *other))
    if code or attributed or not 0 < len(fresh) <= _FEW:
        return ()
    same = {name: size for name, size in files.items() if name not in other}
    if await asyncio.to_thread(_linked, base, tree, same):
        return ("--", *(f":(literal){name}" for name in fresh))
    await asyncio.to_thread(shutil.rmtree, tree, ignore_errors=True)
    return ()


def _newest(trees: Path) -> Path | None:
    """The tree that was made last."""
    found = [one for one in trees.iterdir() if _COMMIT.fullmatch(one.name)]
    return max(found, key=lambda one: one.stat().st_mtime, default=None)


def _linked(base: Path, tree: Path, files: Mapping[str, int]) -> bool:
    """Whether every file could be taken over, of the size it should have."""
    made: set[Path] = set()
    try:
        for name, size in files.items():
            target = tree / name
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            os.link(base / name, target, follow_symlinks=False)
            if target.lstat().st_size != size:
                return False
    except OSError:
        return False
    return True


async def _measure(mirror: Path, ref: CollectionRef) -> dict[str, int]:
    """The files of a commit with their sizes in bytes.

    Raises BadInput for an unfit tree before any of it is written: too large, or with names that no collection needs.
    The listing is read as it comes: a few hundred objects can spell a tree of more files than any disk holds.
    """
    where = f"{shown(ref.url)} at {ref.commit[:12]}"
    process = await _started(("-C", str(mirror), "ls-tree", "-r", "-l", "-z", "--full-tree", ref.commit), {})
    files: dict[str, int] = {}
    count = total = 0
    try:
        async with asyncio.timeout(_LOCAL_S):
            async for entry in _entries(process):
                about, _, name = entry.partition(b"\t")
                said = about.split()[3]
                size = int(said) if said.isdigit() else 0
                _fit(name, size, where)
                # A tree may be made so that it has one name many times.
                files[name.decode("utf-8", "surrogateescape")] = size
                count, total = count + 1, total + size
                if count > _FILES_CAP or total > _TREE_CAP:
                    raise BadInput(
                        f"{where} has more than {_FILES_CAP} files or {_TREE_CAP // 1024**2} MB. "
                        "Keep large data out of a CodeCollection."
                    )
    except TimeoutError:
        raise BadInput(f"{where}: listing its files takes longer than {_LOCAL_S:g} s.") from None
    except ValueError as err:
        raise BadInput(f"{where} has a path of more than {_LINE_CAP} bytes.") from err
    finally:
        await _end(process)
    return files


async def _entries(process: asyncio.subprocess.Process) -> AsyncGenerator[bytes, None]:
    """What git lists, one after the other."""
    assert process.stdout is not None
    rest = b""
    while some := await process.stdout.read(_LINE_CAP):
        *whole, rest = (rest + some).split(b"\0")
        for entry in whole:
            yield entry
        if len(rest) > _LINE_CAP:
            raise ValueError(len(rest))


def _fit(name: bytes, size: int, where: str) -> None:
    """Raise BadInput for a file that no collection needs and that somebody may want to trip over."""
    parts = name.split(b"/")
    spelled = name.decode("utf-8", "backslashreplace")
    told = "".join(one if one.isprintable() else repr(one)[1:-1] for one in spelled)[:200]
    if any(part in (b"", b".", b"..") or part.lower() == b".git" for part in parts):
        raise BadInput(f"{where}: the path {told} leads out of the tree or into git's own folder.")
    if not _is_utf8(name):
        raise BadInput(f"{where}: the name {told} is not UTF-8. Rename the file.")
    if any(not one.isprintable() for one in spelled):
        raise BadInput(f"{where}: the name {told} has control characters. Rename the file.")
    if len(parts) > _DEPTH_CAP or len(name) > _NAME_CAP:
        raise BadInput(f"{where}: {told} lies more than {_DEPTH_CAP} folders deep or has more than {_NAME_CAP} bytes.")
    if size > _FILE_CAP:
        raise BadInput(f"{where}: {told} has {size // 1024**2} MB; one file may have {_FILE_CAP // 1024**2} MB.")


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _drop_parts(mirror: Path) -> int:
    """Take away what a fetch that failed left behind; the size of the largest of it. git itself only says it failed."""
    parts = list((mirror / "objects" / "pack").glob("tmp_*"))
    largest = max((part.stat().st_size for part in parts), default=0)
    for part in parts:
        part.unlink(missing_ok=True)
    return largest


def _unpack(archive: Path, tree: Path, ref: CollectionRef) -> None:
    tree.mkdir(exist_ok=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(tree, filter="data")
    except tarfile.FilterError as err:
        member = err.tarinfo.name
        raise BadInput(
            f"{shown(ref.url)} at {ref.commit[:12]}: {member} is a link out of the collection or a special file."
        ) from err


def _stay_inside(tree: Path, ref: CollectionRef) -> None:
    """Raise BadInput for a link that leads out of the finished tree."""
    whole = tree.resolve()
    for folder, folders, files in os.walk(tree):
        for one in (Path(folder) / name for name in (*folders, *files)):
            if one.is_symlink() and not Path(os.path.realpath(one)).is_relative_to(whole):
                raise BadInput(
                    f"{shown(ref.url)} at {ref.commit[:12]}: {one.relative_to(tree)} is a link out of the collection."
                )


def _why(err: Exception) -> str:
    return err.strerror or type(err).__name__ if isinstance(err, OSError) else "git's archive has no files"


async def _git(limit_s: float, *args: str) -> bytes:
    """git's output. A failure here is not the user's: the repository is ours."""
    code, output, problem = await _call(limit_s, *args)
    if code:
        raise Unreachable(f"git {args[0] if args[0] != '-C' else args[2]} failed in the cache: {_reason(problem, '')}")
    return output


async def _call(limit_s: float, *args: str, env: Mapping[str, str] | None = None) -> tuple[int, bytes, bytes]:
    process = await _started(args, env or {})
    try:
        async with asyncio.timeout(limit_s):
            output, problem = await process.communicate()
    except TimeoutError:
        return 124, b"", f"fatal: it took longer than {limit_s:g} s".encode()
    finally:
        await _end(process)
    assert process.returncode is not None
    return process.returncode, output, problem


async def _started(args: tuple[str, ...], more: Mapping[str, str]) -> asyncio.subprocess.Process:
    env = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        "LC_ALL": "C",
        **more,
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    }
    # Set by git when it runs us from a hook; they would send us to the wrong repository.
    env = {name: value for name, value in env.items() if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")}
    # No file of git's may grow beyond the cap (in blocks of 512 bytes): a server decides how much it sends.
    capped = ("sh", "-c", f'ulimit -f {_PACK_CAP // 512} && exec git "$@"', "git")
    if shutil.which("git") is None:
        raise Unreachable("The program git is not installed here. Install it to fetch CodeCollections.")
    return await asyncio.create_subprocess_exec(
        *capped,
        *_QUIET,
        *args,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """End git and what it started, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _reason(problem: bytes, url: str) -> str:
    """git's own reason, in one line and without credentials."""
    lines = problem.decode(errors="replace").strip().splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))] or lines
    text = fatal[0].partition(": ")[2] or fatal[0] if fatal else "git gave no reason"
    return f"{shown(text.replace(url, shown(url)) if url else text).rstrip('.')}. Check the address and the access."
