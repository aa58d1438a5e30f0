"""Text as words that can be compared: what planning and focus know of language. Pure."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[a-z0-9]+")
_STOP = frozenset(
    [
        "a",
        "about",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "cannot",
        "could",
        "do",
        "does",
        "doing",
        "down",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "isnt",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "out",
        "please",
        "should",
        "so",
        "some",
        "such",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "find",
        "tell",
        "show",
        "check",
        "help",
        "problem",
        "problems",
        "issue",
        "issues",
        "wrong",
        "broken",
        "failing",
        "fails",
        "fail",
        "failed",
        "error",
        "errors",
        "happening",
        "happened",
        "going",
        "namespace",
        "cluster",
    ]
)
_SAME = {
    "pods": "pod", "services": "service", "svc": "service", "deployments": "deployment", "deploy": "deployment",
    "pvc": "persistentvolumeclaim", "pvcs": "persistentvolumeclaim", "volume": "persistentvolumeclaim",
    "volumes": "persistentvolumeclaim", "claim": "persistentvolumeclaim", "sts": "statefulset",
    "statefulsets": "statefulset", "ds": "daemonset", "daemonsets": "daemonset", "ing": "ingress",
    "ingresses": "ingress", "nodes": "node", "jobs": "job", "cronjobs": "cronjob", "logs": "log", "secrets": "secret",
    "configmaps": "configmap", "cm": "configmap", "endpoints": "endpoint", "crashing": "crash", "crashes": "crash",
    "crashloop": "crash", "crashloopbackoff": "crash", "crashlooping": "crash", "restarting": "restart",
    "restarts": "restart", "restarted": "restart", "images": "image", "imagepullbackoff": "image", "memory": "memory",
    "oom": "memory", "oomkilled": "memory", "replicas": "replica", "quotas": "quota", "certificate": "tls",
    "certificates": "tls", "cert": "tls", "unreachable": "reach", "scheduled": "schedule", "scheduling": "schedule",
    "pending": "schedule", "unschedulable": "schedule", "rollouts": "rollout", "probes": "probe",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Lower-case words of ``text``, everyday synonyms folded, stop words dropped, order kept."""
    return [_SAME.get(word, word) for word in raw_words(text) if word not in _STOP]


def raw_words(text: str) -> list[str]:
    """Every lower-case run of letters and digits; ``camelCase`` falls apart at its capitals."""
    return _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower())


def overlap(asked: Iterable[str], offered: Iterable[str]) -> float:
    """How much of ``asked`` is in ``offered``, 0..1."""
    asked_set = set(asked)
    return len(asked_set & set(offered)) / len(asked_set) if asked_set else 0.0


def likeness(one: Iterable[str], other: Iterable[str]) -> float:
    """Dice coefficient of two word sets, 0..1: high only when each is mostly in the other."""
    first, second = set(one), set(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0
