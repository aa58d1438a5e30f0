"""How full one filesystem is (statvfs), and its largest folders as far as they can be walked in some seconds."""

import os
import time

WALK_S = 20
LARGEST = 8


def main():
    mount, limit = os.environ["MOUNT"], int(os.environ["FULL_PERCENT"])
    stat = os.statvfs(mount)
    used = stat.f_blocks - stat.f_bfree
    full = round(100 * used / max(used + stat.f_bavail, 1))
    inodes = round(100 * (stat.f_files - stat.f_ffree) / stat.f_files) if stat.f_files else 0
    print(f"{mount}: {full} % of {stat.f_blocks * stat.f_frsize / 1e9:.1f} GB used, {inodes} % of inodes used")
    lines = largest(mount) if max(full, inodes) >= limit else []
    print("\n".join(lines))
    return list(found(mount, full, inodes, limit, bool(stat.f_flag & os.ST_RDONLY), lines))


def found(mount, full, inodes, limit, read_only, lines):
    common = {"resource": f"Filesystem//{mount}", "evidence": lines[:5]}
    if full >= limit:
        steps = [
            f"Free or add space: see the largest folders of {mount}",
            "Check deleted files that are held open: lsof +L1",
        ]
        text = {"expected": f"{mount} is less than {limit} % full.", "actual": f"{mount} is {full} % full."}
        yield issue(
            mount, "is full", "FILESYSTEM_FULL", 1 if full >= 99 else 2, {**common, **text, "next_steps": steps}
        )
    if inodes >= limit:
        steps = [f"Look for folders with very many small files below {mount}"]
        text = {"expected": "Inodes are left.", "actual": f"{inodes} % of the inodes of {mount} are used."}
        yield issue(mount, "runs out of inodes", "INODES_EXHAUSTED", 2, {**common, **text, "next_steps": steps})
    if read_only and mount in ("/", "/var", "/home"):
        steps = [
            "Look for I/O errors of its device: dmesg",
            "Check the filesystem before it is mounted for writing again",
        ]
        text = {"expected": f"{mount} can be written.", "actual": f"{mount} is mounted read-only."}
        yield issue(mount, "is mounted read-only", "FILESYSTEM_READ_ONLY", 2, {**common, **text, "next_steps": steps})


def issue(mount, why, cause, severity, more):
    return {"title": f"Filesystem `{mount}` {why}", "severity": severity, "cause": cause, **more}


def largest(mount):
    """Sizes of the folders two levels below, on this filesystem alone; those seen before the time is up."""
    device, until, sizes = os.stat(mount).st_dev, time.monotonic() + WALK_S, {}
    for folder, folders, files in os.walk(mount):
        folders[:] = [name for name in folders if same(os.path.join(folder, name), device)]
        below = os.path.relpath(folder, mount).split(os.sep)
        key = os.path.join(mount, *below[:2]) if below != ["."] else mount
        sizes[key] = sizes.get(key, 0) + sum(size(os.path.join(folder, name)) for name in files)
        if time.monotonic() > until:
            print(f"The walk was ended after {WALK_S} s: sizes are of what was seen by then.")
            break
    ranked = sorted(sizes.items(), key=lambda one: -one[1])[:LARGEST]
    return [f"{bytes_ / 1e6:.0f} MB {folder}" for folder, bytes_ in ranked]


def same(path, device):
    try:
        return not os.path.islink(path) and os.lstat(path).st_dev == device
    except OSError:
        return False


def size(path):
    try:
        return os.lstat(path).st_blocks * 512
    except OSError:
        return 0
