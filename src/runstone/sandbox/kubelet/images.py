"""Which images the sandbox's registries hold."""

import fnmatch

EXISTING = (
    "registry.sandbox.example/shop/*:[0-9].[0-9].[0-9]",
    "registry.sandbox.example/batch/*:[0-9].[0-9].[0-9]",
    "docker.io/library/redis:7*",
    "docker.io/library/postgres:16*",
    "docker.io/library/busybox:*",
    "docker.io/library/nginx:*",
    "registry.k8s.io/*:v[0-9]*",
    "redis:7*",
    "postgres:16*",
    "busybox",
    "busybox:*",
    "nginx",
    "nginx:*",
)
"""Patterns in the sense of fnmatch. Anything else is not found, as a registry would say."""


def exists(image: str) -> bool:
    """Can this image be pulled?"""
    return any(fnmatch.fnmatchcase(image, pattern) for pattern in EXISTING)


def why_not(image: str) -> str:
    """What the container runtime says about an image that is not there."""
    return (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": {image}: not found'
    )
