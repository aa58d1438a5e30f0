"""One frozen Settings, read once by the command line from flags and environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """What a process was told. Environment variables are named ``RUNSTONE_<FIELD>``; flags win over them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    """Folder of the databases, checkouts and tokens; made readable by its owner alone."""
    host: str
    """Address to listen on. Anything but loopback needs TLS in front of it."""
    port: int
    """0 takes a free one."""
    workspace: str
    location: str
    collections: tuple[str, ...]
    """Git URLs or folders of CodeCollections, each with ``@ref`` if wanted; the built-in one comes first by itself."""
    kubeconfig: str
    """A file; empty for $KUBECONFIG, then ~/.kube/config, then the pod's own service account."""
    context: str
    """Empty for the kubeconfig's current one."""
    namespaces: tuple[str, ...]
    """Empty for all."""
    platforms: tuple[str, ...]
    """What discovery reads: files of connectors/platforms with their settings, as ``aws?profile=prod``."""
    executor: str
    """Where Tasks run: a file of connectors/executors."""
    tool_path: str
    """Folders with programs for Tasks' commands, as in PATH; empty for bash's default of /usr/local/bin, /usr/bin …"""
    build_sources: bool
    """Whether packages without a wheel may be built for collections, which runs those packages' own code."""


def read(environment: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """Settings from ``flags`` (None means not given), then the environment, then defaults. Raises ValidationError."""
    env = os.environ if environment is None else environment
    home = Path(env.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    values: dict[str, object] = {
        "data": home / "runstone",
        "host": "127.0.0.1",
        "port": 8765,
        "workspace": "default",
        "location": "local",
        "collections": (),
        "kubeconfig": env.get("KUBECONFIG", ""),
        "context": "",
        "namespaces": (),
        "platforms": ("kubernetes",),
        "executor": "process",
        "tool_path": "",
        "build_sources": False,
    }
    for field in values:
        said = env.get(f"RUNSTONE_{field.upper()}")
        if said is not None:
            many = isinstance(values[field], tuple)
            values[field] = tuple(part for part in said.split(",") if part) if many else said
    values |= {name: value for name, value in flags.items() if value is not None}
    # git and Tasks work in other folders than this process.
    values["data"] = Path(str(values["data"])).expanduser().absolute()
    return Settings.model_validate(values)
