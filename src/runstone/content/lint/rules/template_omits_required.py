"""A template does not pass what its suite must have.

The suite stops in its setup: an input without a default, or a secret that is not optional, has no value.

Pass it. A template that takes its values from another (``include``) is trusted to get them there.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, Template
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.model.content import Suite

_KINDS = ("Runbook", "TaskSet", "ServiceLevelIndicator")
_LABELS = ("common-labels", "common-annotations", "hierarchy", "tags")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.templates:
        suite = bundle.sibling_suites.get(one.robot)
        if suite is None or one.kind not in _KINDS:
            continue
        for name in _missing(one, suite):
            message = f"{one.robot} must be given {name}, which this does not pass. Pass it."
            yield Remark(one.file, 0, message)


def _missing(template: Template, suite: Suite) -> Iterator[str]:
    taken = [name for name in template.includes if not any(word in name for word in _LABELS)]
    auth = any("auth" in name for name in taken)
    if not [name for name in taken if "auth" not in name]:
        for one in suite.inputs:
            if one.required and one.kind == "user" and one.name not in template.config and "${" not in one.name:
                yield f"the input {one.name}"
    if not auth and not taken:
        for secret in suite.secrets:
            if not (secret.optional or secret.conditional or "${" in secret.name or secret.name in template.secrets):
                yield f"the secret {secret.name}"


RULE = Rule("RS511", "template-omits-required", "error", _check)
