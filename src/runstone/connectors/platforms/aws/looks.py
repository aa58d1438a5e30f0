"""Whether a thing looks well by what AWS says of its state. Pure; states as each service's API reference lists them.

``ill`` is said only of what is wrong now. What is on its way, or was stopped by someone, is ``unknown``: AWS does not
say whether it is meant to be so.
"""

from collections.abc import Callable

from runstone.connectors.platforms.aws.kinds import Item, Looks, at, text

Judge = Callable[[Item], Looks]


def states(path: str, ok: str, ill: str = "", why: str = "") -> Judge:
    """By one state field: words that mean well and ill, in any case; ``why`` is the path of a reason code."""
    well, wrong = _words(ok), _words(ill)

    def judge(item: Item) -> Looks:
        state = text(item, path)
        reason = text(item, why) if why else ""
        said = f"{state}: {reason}" if reason and state.lower() not in well else state
        if state.lower() in well:
            return "ok", said
        return ("ill" if state.lower() in wrong else "unknown"), said

    return judge


def _words(words: str) -> frozenset[str]:
    return frozenset(words.lower().split())


def instance(item: Item) -> Looks:
    """EC2: its state, then the two status checks that AWS runs on what is running."""
    looks = states("State.Name", "running", why="StateReason.Code")(item)
    checks = {text(item, f"Checks.{one}.Status") for one in ("InstanceStatus", "SystemStatus")}
    return ("ill", "running, status check impaired") if looks[0] == "ok" and "impaired" in checks else looks


def listed_problems(path: str, codes: str, well: Judge) -> Judge:
    """Ill as soon as a list of problems holds any, such as EKS keeps; else by ``well``."""

    def judge(item: Item) -> Looks:
        said = [str(code) for code in at(item, codes)]
        state = text(item, path)
        return ("ill", f"{state}: {', '.join(dict.fromkeys(said))}") if said else well(item)

    return judge


def running(wanted: str, present: str, word: str) -> Judge:
    """By how many are there of how many are wanted."""

    def judge(item: Item) -> Looks:
        want, have = _number(item, wanted), _number(item, present)
        if want == 0:
            return "ok", "scaled to 0"
        return ("ok" if have >= want else "ill"), f"{have}/{want} {word}"

    return judge


def service(item: Item) -> Looks:
    """An ECS service: short of tasks while a deployment is under way is not ill yet, unless the deployment failed."""
    looks = running("desiredCount", "runningCount", "running")(item)
    if text(item, "status") != "ACTIVE":
        return "unknown", text(item, "status")
    rollouts = at(item, "deployments.rolloutState")
    if "FAILED" in rollouts:
        return "ill", f"{looks[1]}, deployment failed"
    rolling = "IN_PROGRESS" in rollouts and len(at(item, "deployments")) > 1
    return ("unknown", f"{looks[1]}, deploying") if looks[0] == "ill" and rolling else looks


def group(item: Item) -> Looks:
    """An Auto Scaling group: instances in service and healthy, of those desired."""
    instances = at(item, "Instances")
    serving = [
        one for one in instances if one.get("LifecycleState") == "InService" and one.get("HealthStatus") == "Healthy"
    ]
    return running("DesiredCapacity", "Serving", "in service")({**item, "Serving": len(serving)})


def targets(item: Item) -> Looks:
    """A target group: ill when a target fails its health check; no target at all is no illness of its own."""
    found = [str(state) for state in at(item, "Health.TargetHealth.State")]
    healthy, unhealthy = found.count("healthy"), found.count("unhealthy")
    if not found:
        return "unknown", "no targets"
    if unhealthy:
        return "ill", f"{healthy}/{len(found)} healthy"
    return ("ok" if healthy else "unknown"), f"{healthy}/{len(found)} healthy"


def routes(item: Item) -> Looks:
    """A route table: a route whose target is gone is a black hole to what is sent there."""
    lost = [str(state) for state in at(item, "Routes.State")].count("blackhole")
    return ("ill", f"{lost} of its routes lead nowhere") if lost else ("ok", "")


def function(item: Item) -> Looks:
    """A Lambda function: its state and whether its last update went in. Older answers carry neither."""
    if text(item, "LastUpdateStatus") == "Failed":
        return "ill", f"update failed: {text(item, 'LastUpdateStatusReasonCode')}".rstrip(": ")
    if not text(item, "State"):
        return "unknown", ""
    return states("State", "Active Inactive", "Failed", why="StateReasonCode")(item)


def alarm(item: Item) -> Looks:
    """A CloudWatch alarm speaks of what it watches; too little data is no verdict."""
    return states("StateValue", "OK", "ALARM")(item)


def _number(item: Item, path: str) -> int:
    said = text(item, path)
    return int(said) if said.isdecimal() else 0
