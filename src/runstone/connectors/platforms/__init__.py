"""Clouds and clusters, one file each: a stream of readings, scope by scope, of what exists there.

Objects stay plain dicts ("theirs, opaque"), already without what ``connectors.kept`` drops: values of Secrets and
ConfigMaps, values of environment variables that are no address, managed fields, copies.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from runstone.connectors.kept import Object
from runstone.connectors.managed import Clusters, Seeking
from runstone.model.resource import ResourceRef, ScopeReading

__all__ = ["Batch", "Change", "Object", "Platform", "version"]


def version(obj: Object) -> str:
    """Another text whenever the object is another: its version where there is one, else a digest of it all."""
    metadata = obj["metadata"]
    if metadata.get("uid") and metadata.get("resourceVersion"):
        return f"{metadata['uid']}@{metadata['resourceVersion']}"
    content = json.dumps(obj, sort_keys=True, default=str).encode()
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Batch:
    """Everything that was read of one scope. Objects have apiVersion, kind and metadata with a name at least."""

    reading: ScopeReading
    objects: tuple[Object, ...]


@dataclass(frozen=True)
class Change:
    """One object that came or changed, or (None) went."""

    ref: ResourceRef
    object: Object | None


class Platform(ABC):
    """One cluster or account. ``name`` is how it is called on the Map."""

    family: str = "kubernetes"
    """What GenerationRules call this kind of platform (``spec.platform``)."""
    name: str
    salt: bytes = b""
    """Set by whoever keeps it, never sent anywhere: with it, hashes of configuration are kept instead of nothing."""
    context: str
    """What Tasks must be told to reach it: a kubeconfig context; empty where there is no such thing."""

    @abstractmethod
    def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """Read all there is, what questions name first. ``extra``: further types, as ``plural.group[/version]``.

        A scope that fails comes as an incomplete reading; the rest goes on. A type whose kind cannot even be learned
        comes as an incomplete reading of a scope named like the type. A scope that is not mentioned does not exist (any
        more). Raises Unreachable, Forbidden or BadInput only when nothing at all can be read.
        """

    async def watch(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch | Change]:
        """What happens after the last complete :meth:`read`, as it happens; a Batch where a scope had to be read anew.

        Ends when it cannot go on: then (and at once where a platform cannot be watched) only another reading tells.
        Raises as :meth:`read` does.
        """
        return
        yield

    async def clusters(self, seeking: Seeking) -> Clusters:
        """Kubernetes clusters that the account manages, each with a way in; what stops one stops no other.

        Raises as :meth:`read` does.
        """
        return Clusters()

    def attributes(self) -> Mapping[str, object]:
        """What templates are told of the platform besides its name: how it is managed and logged in to."""
        return {}

    @abstractmethod
    async def check(self) -> str:
        """One sentence on what is there and how far it can be read. Raises as :meth:`read` does."""

    @abstractmethod
    def portable_kubeconfig(self) -> str:
        """Access to exactly this platform in one text, for Tasks on the runner; empty where there is no such thing."""
