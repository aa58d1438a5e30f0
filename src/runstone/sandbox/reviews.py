"""May I? The answers to self-subject reviews, from the same gate that judges requests."""

from runstone.sandbox.access import Asked, Gate
from runstone.sandbox.kinds import VERBS
from runstone.sandbox.objects import Obj, at, mapping
from runstone.sandbox.world import World


def answer(world: World, user: str, review: Obj) -> Obj:
    """The review with its status filled in."""
    match review["kind"]:
        case "SelfSubjectAccessReview":
            status = _access(world.gate, user, mapping(review, "spec"))
        case "SelfSubjectRulesReview":
            status = _rules(world.gate, user, at(review, "spec", "namespace") or "")
        case _:
            status = {"userInfo": {"username": user, "groups": ["system:authenticated"]}}
    return {**review, "metadata": {"creationTimestamp": None}, "status": status}


def _access(gate: Gate, user: str, spec: Obj) -> Obj:
    wanted = mapping(spec, "resourceAttributes")
    if not wanted:
        return {"allowed": True}
    resource = wanted.get("resource", "")
    if wanted.get("subresource"):
        resource += "/" + wanted["subresource"]
    asked = Asked(
        wanted.get("verb", ""), wanted.get("group", ""), resource, wanted.get("namespace", ""), wanted.get("name", "")
    )
    return {"allowed": gate.allows(user, asked)}


def _rules(gate: Gate, user: str, namespace: str) -> Obj:
    """The rules of a namespace. RBAC has no denials, so bans are named in evaluationError."""
    verbs = ["get", "list", "watch"] if user == "viewer" else list(VERBS)
    banned = {ban.resource for ban in gate.bans if ban.user == user and ban.namespace in ("", namespace)}
    rules = [{"verbs": verbs, "apiGroups": ["*"], "resources": ["*"]}]
    return {
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": bool(banned),
        **({"evaluationError": f"except: {', '.join(sorted(banned))}"} if banned else {}),
    }
