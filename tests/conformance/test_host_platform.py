"""The machine the edge runs on: from a made-up /proc with servers in it, and from the one these tests run on."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone import plugins
from runstone.connectors.platforms import Batch
from runstone.connectors.platforms.host import disks, machine, units
from runstone.connectors.platforms.host.disks import Filesystem
from runstone.errors import Unreachable

Object = dict[str, Any]
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address: str, port: int, state: str, inode: int) -> str:
    return f"   0: {address}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000   0  0 {inode} 1\n"


def run(
    root: Path, pid: int, command: str, *, parent: int = 1, group: str = "/", sockets: tuple[int, ...] = ()
) -> None:
    """A process in the made-up /proc; of a command without words, one of the kernel."""
    folder = root / "proc" / str(pid)
    (folder / "fd").mkdir(parents=True)
    words = command.split()
    (folder / "cmdline").write_bytes(b"".join(word.encode() + b"\0" for word in words))
    comm = words[0].rsplit("/", 1)[-1][:15] if words else "kworker/0:1"
    (folder / "comm").write_text(f"{comm}\n")
    (folder / "stat").write_text(f"{pid} ({comm}) S {parent} {pid} {pid} 0")
    (folder / "cgroup").write_text(f"0::{group}\n")
    for number, inode in enumerate(sockets):
        (folder / "fd" / str(number)).symlink_to(f"socket:[{inode}]")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine with PostgreSQL, nginx with workers, an application in Python, a container and a person at a shell."""
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "net").mkdir()
    (proc / "meminfo").write_text("MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n")
    mounts = (
        "/dev/vda1 / ext4 rw,relatime",
        "proc /proc proc rw",
        f"/dev/vda1 {tmp_path} ext4 rw",
        "tmpfs /run tmpfs rw",
    )
    (proc / "self" / "mounts").write_text("".join(f"{one} 0 0\n" for one in mounts))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    (proc / "net" / "tcp").write_text(
        HEADER + line("0100007F", 5432, "0A", 11) + line("00000000", 80, "0A", 12) + line("0100007F", 40000, "01", 99)
    )
    (proc / "net" / "tcp6").write_text(HEADER + line("0" * 32, 80, "0A", 13) + line("0" * 32, 8000, "0A", 14))
    (proc / "net" / "udp").write_text(HEADER + line("00000000", 53, "07", 15) + line("00000000", 50000, "07", 16))
    pg = "/system.slice/postgresql.service"
    run(tmp_path, 100, "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql", group=pg, sockets=(11,))
    run(tmp_path, 101, "postgres: checkpointer", parent=100, group=pg)
    run(tmp_path, 200, "nginx: master process /usr/sbin/nginx", group="/system.slice/nginx.service", sockets=(12, 13))
    run(
        tmp_path,
        300,
        "/opt/app/bin/python3 -m gunicorn shop.wsgi --key hunter2",
        group="/system.slice/shop.service",
        sockets=(14,),
    )
    run(tmp_path, 400, "redis-server *:6379", parent=350, group="/system.slice/docker-0a1b.scope")
    run(tmp_path, 500, "-bash", parent=499, group="/user.slice/user-1000.slice/session-3.scope")
    run(
        tmp_path,
        600,
        "java -jar app.jar",
        parent=550,
        group="/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope",
    )
    run(tmp_path, 2, "", parent=0)
    return tmp_path


async def read(root: Path, *extra: str) -> dict[str, Batch]:
    platform = plugins.load("platforms", "host")("box", root=str(root))
    return {batch.reading.scope.kind: batch async for batch in platform.read(extra)}


def named(batch: Batch) -> dict[str, Object]:
    return {one["metadata"]["name"]: one for one in batch.objects}


async def test_servers_are_told_by_their_unit_and_what_they_listen_on(root: Path) -> None:
    found = named((await read(root))["Process"])
    assert {name: one["ports"] for name, one in found.items()} == {
        "gunicorn@shop.service": ["tcp/8000"],
        "nginx@nginx.service": ["tcp/80"],
        "postgres@postgresql.service": ["tcp/5432"],
        "redis-server": [],
    }


async def test_listeners_are_told_once_per_port_with_their_addresses(root: Path) -> None:
    found = named((await read(root))["Listener"])
    assert {name: (one["addresses"], one["programs"]) for name, one in found.items()} == {
        "tcp/80": (["0.0.0.0", "::"], ["nginx"]),
        "tcp/5432": (["127.0.0.1"], ["postgres"]),
        "tcp/8000": (["::"], ["gunicorn"]),
        "udp/53": (["0.0.0.0"], []),
    }


async def test_no_word_of_a_command_but_its_programs_is_kept(root: Path) -> None:
    assert "hunter2" not in str(await read(root))


async def test_a_filesystem_is_told_once_and_only_where_data_lies(root: Path) -> None:
    assert list(named((await read(root))["Filesystem"])) == ["/"]


async def test_the_machine_says_what_it_is(root: Path) -> None:
    (host,) = (await read(root))["Host"].objects
    assert (host["name"], host["system"], host["memory_gb"]) == ("box", "Debian GNU/Linux 12 (bookworm)", 16)


async def test_where_systemd_does_not_run_there_are_no_units(root: Path) -> None:
    assert "Unit" not in await read(root)


async def test_a_kind_that_cannot_be_read_costs_itself_alone(root: Path) -> None:
    (root / "proc" / "self" / "mounts").unlink()
    found = await read(root)
    assert not found["Filesystem"].reading.complete
    assert "Filesystems of box cannot be read" in found["Filesystem"].reading.problem
    assert found["Process"].reading.complete


async def test_a_type_that_hosts_do_not_have_is_said(root: Path) -> None:
    problem = (await read(root, "host_printers", "aws_ec2_vpcs"))["host_printers"].reading.problem
    assert "Of hosts no host_printers is read" in problem


async def test_without_proc_there_is_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Linux"):
        await read(tmp_path)


async def test_this_machine_is_read_with_what_this_process_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        found = await read(Path("/"))
        said = await plugins.load("platforms", "host")().check()
    assert f"tcp/{port}" in named(found["Listener"])
    assert any(f"tcp/{port}" in one["ports"] for one in found["Process"].objects)
    assert all(batch.reading.complete for kind, batch in found.items() if kind != "Unit")
    assert "listeners" in said


SHOWN = """Id=nginx.service
Description=A web server
LoadState=loaded
ActiveState=failed
SubState=failed
Result=exit-code
UnitFileState=enabled

Id=app.service
Description=An application
LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=exit-code
UnitFileState=enabled

Id=ssh.service
Description=Shells
LoadState=loaded
ActiveState=active
SubState=running
Result=success
UnitFileState=enabled

Id=done.service
Description=Ran once
LoadState=loaded
ActiveState=inactive
SubState=dead
Result=success
UnitFileState=static

Id=gone.service
LoadState=not-found
ActiveState=inactive
"""


def test_units_look_as_systemd_has_them() -> None:
    assert {one.name: one.looks for one in units.read(SHOWN)} == {
        "nginx.service": ("ill", "failed (exit-code)"),
        "app.service": ("ill", "is restarted over and over"),
        "ssh.service": ("ok", ""),
    }


@pytest.mark.parametrize(
    ("used", "inodes", "read_only", "expected"),
    [
        (0.5, 0.1, False, ("ok", "")),
        (0.9, 0.1, False, ("ok", "90% full")),
        (0.97, 0.1, False, ("ill", "97% full")),
        (0.1, 0.99, False, ("ill", "99% of inodes used")),
        (0.1, 0.1, True, ("ill", "mounted read-only")),
    ],
)
def test_a_filesystem_is_ill_when_it_takes_no_more(
    used: float, inodes: float, read_only: bool, expected: object
) -> None:
    assert Filesystem("/", "/dev/vda", "ext4", 10, used, inodes, read_only).looks == expected


@given(st.text(max_size=200))
def test_files_of_proc_may_hold_anything(text: str) -> None:
    list(units.read(text))


async def test_broken_files_of_proc_are_no_crash(root: Path) -> None:
    (root / "proc" / "net" / "tcp").write_text(HEADER + "nonsense\n" + line("0100007F", 5432, "0A", 11))
    (root / "proc" / "100" / "stat").write_text("")
    (root / "proc" / "meminfo").write_text("MemTotal: many\n")
    (root / "etc" / "os-release").write_text('PRETTY_NAME="open\n')
    found = await read(root)
    assert "tcp/5432" in named(found["Listener"])
    assert machine.read(root).looks == ("ok", "")


def test_mounts_with_spaces_are_unescaped(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    (tmp_path / "proc" / "self").mkdir(parents=True)
    escaped = str(folder).replace(" ", r"\040")
    (tmp_path / "proc" / "self" / "mounts").write_text(f"/dev/vdb {escaped} xfs ro 0 0\n/dev/vdc /gone xfs rw 0 0\n")
    (found,) = disks.mounted(tmp_path)
    assert (found.path, found.read_only) == (str(folder), True)
    assert found.size_gb >= 0


def test_reading_does_not_block_the_loop(root: Path) -> None:
    async def both() -> int:
        reading = asyncio.ensure_future(read(root))
        turns = 0
        while not reading.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(both()) > 1
