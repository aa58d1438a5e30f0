"""Builds the catalogue from clones of CodeCollections: what is in it, what building costs, what metadata weighs.

    python benchmarks/catalogue.py [CLONE.git ...] [--without-augmentation]

Without clones it is the built-in collection. Each collection is built cold, then once more with one bundle changed in a
working copy beside. CPU seconds count this process, git and the reading process, which is started once and counts with
the first. ``ratio`` is metadata to source in bytes, where a file counts for each Task that reaches it; ``ratio_zstd``
is that of both compressed, each as one stream. The last line is JSON.
"""

import argparse
import asyncio
import json
import resource
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import zstandard

from runstone.catalog import build, read
from runstone.catalog.collection import Build, Version
from runstone.catalog.registry import Options, Registry
from runstone.errors import RunstoneError
from runstone.model.content import TaskSource

_BUILT_IN = Path(__file__).parents[1] / "codecollection"

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "core.hooksPath=/dev/null")


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clones", nargs="*", type=Path)
    parser.add_argument("--without-augmentation", action="store_true")
    told = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        registry = await Registry.open(Path(folder), Options(augment=not told.without_augmentation))
        try:
            for clone in told.clones or [builtin(Path(folder) / "builtin.git")]:
                name = clone.name.removesuffix(".git").lower()
                figures[name] = await measured(registry, clone, Path(folder) / "work" / name, name)
        finally:
            await registry.close()
    totals = {key: round(sum(one[key] for one in figures.values()), 2) for key in ("files", "tasks", "cold_cpu_s")}
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    totals["process_cpu_s"] = round(sum(one.ru_utime + one.ru_stime for one in used), 2)
    print(f"all: {totals}")
    print(json.dumps({"collections": figures, "all": totals}))


def builtin(repository: Path) -> Path:
    """A repository of the built-in collection."""
    shutil.copytree(_BUILT_IN, repository)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        subprocess.run([*_GIT, "-C", str(repository), *words], check=True)
    return repository


async def measured(registry: Registry, clone: Path, work: Path, name: str) -> dict[str, Any]:
    """The figures of one collection."""
    subprocess.run([*_GIT, "clone", "-q", str(clone), str(work)], check=True)
    await registry.add(str(work), by="user:bench", name=name)
    cold = await built(registry, name)
    version = await registry.store.version(name, cold.commit)
    sources = read.sources(work)
    change(work, version)
    return await told_of(registry, cold, await built(registry, name), version, sources)


async def built(registry: Registry, name: str) -> Build:
    found = await registry.build(name, "benchmark")
    if found.state != "built":
        raise RunstoneError(found.problem)
    return found


def change(work: Path, version: Version) -> None:
    """Change one Task of one bundle and commit that."""
    piece = next(one for one in version.pieces if (work / one.path / "runbook.robot").is_file())
    suite = work / piece.path / "runbook.robot"
    text = suite.read_text(encoding="utf-8")
    suite.write_text(text.replace("*** Keywords ***", "# changed\n*** Keywords ***", 1) + "\n", encoding="utf-8")
    subprocess.run([*_GIT, "-C", str(work), "commit", "-q", "-a", "-m", "change"], check=True)


async def told_of(
    registry: Registry, cold: Build, changed: Build, version: Version, sources: Mapping[str, TaskSource]
) -> dict[str, Any]:
    """Print a collection's figures, and give them."""
    store = registry.store
    indexed = [json.loads(one) for one in (await store.products(build.products(version.pieces, ["indexed"]))).values()]
    augmented = await store.products(build.products(version.pieces, ["augmented"]))
    documents = [one for value in augmented.values() for one in json.loads(value)["documents"]]
    packed = await store.packed(build.products(version.pieces, ["augmented"]))
    source = sum(entry["source_bytes"] for one in indexed for entry in one["entries"])
    metadata = sum(len(value) for value in augmented.values())
    rules: Counter[str] = Counter()
    for one in indexed:
        rules.update(one["findings"])
    figures: dict[str, Any] = {
        "bundles": len(indexed),
        "held": len(version.missing),
        "files": sum(one["files"] for one in indexed),
        "tasks": sum(one["tasks"] for one in indexed),
        "findings": sum(rules.values()),
        "findings_by_rule": dict(sorted(rules.items())),
        "stages": {one.name: {"s": one.duration_s, "cpu_s": one.cpu_s} for one in cold.stages},
        "cold_cpu_s": round(sum(one.cpu_s for one in cold.stages if one.name != "augment"), 2),
        "parse_cpu_s": cold.stage("parse").cpu_s,
        "augment_cpu_s": cold.stage("augment").cpu_s,
        "changed_s": round(sum(one.duration_s for one in changed.stages), 2),
        "changed_without_augment_s": round(sum(one.duration_s for one in changed.stages if one.name != "augment"), 2),
        "changed_cpu_s": round(sum(one.cpu_s for one in changed.stages), 2),
        "changed_stages": {one.name: one.duration_s for one in changed.stages if one.duration_s},
        "changed_misses": {one.name: one.misses for one in changed.stages if one.misses},
        "source_bytes": source,
        "metadata_bytes": metadata,
        "metadata_packed_bytes": sum(len(one) for one in packed.values()),
        "ratio": round(metadata / source, 1) if source else 0,
        "ratio_zstd": round(packed_size(augmented.values()) / packed_size(texts(sources)), 1) if metadata else 0,
        "scenarios": sum(len(one["scenarios"]) for one in documents),
    }
    print(f"\n{cold.collection} at {cold.commit[:12]}")
    for name, value in figures.items():
        print(f"  {name:<26} {value}")
    return figures


def texts(sources: Mapping[str, TaskSource]) -> Iterator[bytes]:
    """Every Task's own steps and the scripts it reaches."""
    return (file.text.encode() for one in sources.values() for file in one.files)


def packed_size(parts: Iterable[bytes]) -> int:
    """Bytes of the parts as one stream of zstd at level 10."""
    packer = zstandard.ZstdCompressor(level=10).compressobj()
    return sum(len(packer.compress(one)) for one in parts) + len(packer.flush())


if __name__ == "__main__":
    asyncio.run(main())
