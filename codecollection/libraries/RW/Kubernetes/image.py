"""Why an image cannot be had: what kubelet, containerd, CRI-O and Docker say when a pull fails."""

import re
from dataclasses import dataclass

WAITING = {
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "RegistryUnavailable",
}

_SAID = [
    (
        "IMAGE_RATE_LIMITED",
        r"(?i)toomanyrequests|429 Too Many Requests|rate limit",
        "the registry limits the rate of pulls (toomanyrequests)",
    ),
    (
        "IMAGE_ARCH_MISMATCH",
        r"no match(?:ing manifest)? for platform|no matching manifest for",
        "the image is not built for the node's architecture",
    ),
    (
        "IMAGE_PULL_DENIED",
        r"(?i)401 Unauthorized|403 Forbidden|unauthorized|authorization failed|no basic auth credentials"
        r"|pull access denied"
        r"|denied: |insufficient_scope|authentication required",
        "the registry denies the pull: the imagePullSecret is missing or wrong, or the repository does not exist",
    ),
    (
        "IMAGE_NOT_FOUND",
        r"(?i)manifest unknown|not found|name unknown|does not exist|NotFound|manifest for \S+ not found",
        "the registry has no such image or tag (not found)",
    ),
    (
        "IMAGE_REGISTRY_UNREACHABLE",
        r"(?i)no such host|dial tcp|i/o timeout|connection refused|TLS handshake timeout|x509:|Client\.Timeout"
        r"|context deadline exceeded"
        r"|server misbehaving|EOF",
        "the registry cannot be reached from the node",
    ),
]


@dataclass(frozen=True)
class Name:
    """An image reference, taken apart. ``tag`` is empty when it has a digest or none."""

    registry: str
    repository: str
    tag: str


def name(image: str) -> Name:
    """``registry.example.com/shop/cart:v1`` as its parts; without a registry it is Docker Hub, as runtimes say."""
    bare = image.split("@", 1)[0]
    head, _, rest = bare.partition("/")
    has_registry = rest != "" and ("." in head or ":" in head or head == "localhost")
    registry, path = (head, rest) if has_registry else ("docker.io", bare)
    repository, _, tag = path.partition(":")
    return Name(registry, repository, tag)


def judge(reason: str, said: str) -> tuple[str, str]:
    """The cause code, and a phrase for people, from a waiting reason and everything said about the pull."""
    if reason == "InvalidImageName":
        return "IMAGE_NAME_INVALID", "the image reference cannot be parsed (InvalidImageName)"
    if reason == "ErrImageNeverPull":
        return "IMAGE_NEVER_PULL", "imagePullPolicy is Never and the node does not have the image"
    for code, pattern, phrase in _SAID:
        if re.search(pattern, said):
            return code, phrase
    return "IMAGE_PULL_FAILED", "the pull fails, and nothing says why yet"
