"""Each run as a Job of a Kubernetes cluster, in a pod of its own.

The order travels in a Secret that lives as long as its Job; content is fetched in the pod, at the order's commits, and
lies under the same paths as on the runner. Lines come back as the pod's log. The runner needs create, get, watch and
delete on jobs, pods, pods/log and secrets of one namespace.
"""

import asyncio
import contextlib
import json
import math
import os
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import httpx2
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ConfigError

from runstone.connectors.executors import Attack, Executor, ExecutorOrder, ExecutorOutcome, Verdict
from runstone.connectors.executors.kubernetes import manifest
from runstone.errors import BadInput, Broken, Forbidden, Unreachable

_START_S = 180.0
"""How long a pod may take to start: a place on a node, the image, the content."""
_HOPELESS = (
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
)
_GONE_S = 10.0
"""How long the cluster may take to take a Job away, or to say what became of one."""
_WATCH_S = 10
OnLine = Callable[[bytes], Awaitable[None]]


class KubernetesExecutor(Executor):
    """Settings come from the environment: RUNSTONE_JOB_IMAGE (needed), RUNSTONE_JOB_NAMESPACE, RUNSTONE_JOB_CONTEXT.

    The cluster is that of $KUBECONFIG or of the pod this runs in.
    """

    local = False

    def __init__(self, image: str = "", namespace: str = "", config: KubeConfig | None = None) -> None:
        self._image = image or os.environ.get("RUNSTONE_JOB_IMAGE", "")
        self._namespace = namespace or os.environ.get("RUNSTONE_JOB_NAMESPACE", "runstone")
        self._config = config

    async def run(self, order: ExecutorOrder, on_line: OnLine) -> ExecutorOutcome:
        """See :class:`Executor`. The deadline counts from the start of the pod's container.

        Raises BadInput (content that no pod can fetch, an image that does not start), Unreachable, Forbidden.
        """
        if not order.network:
            raise BadInput("The executor kubernetes cannot keep a run from the network. Use bubblewrap.")
        name = f"runstone-{secrets.token_hex(6)}"
        async with self._api() as api:
            try:
                await api.create("v1", "secrets", manifest.secret(name, order))
                await api.create("batch/v1", "jobs", manifest.job(name, order, self._image))
                pod = await _started(api, name)
                return await _followed(api, pod, order, on_line)
            finally:
                await asyncio.shield(_removed(api, name))

    def verdicts(self) -> Mapping[Attack, Verdict]:
        """See :class:`Executor`. What the pod's own kernel limits do is the cluster's promise, not tried here."""
        return {
            "read another run's secret": "prevented",
            "fork bomb": "contained",
            "fill the disk": "contained",
            "eat memory": "contained",
            "1 GiB of output": "contained",
            "ignore SIGTERM": "prevented",
            "leave a daemon": "prevented",
            "storm of zombies": "contained",
        }

    def ready(self) -> str:
        """See :class:`Executor`."""
        if not self._image:
            return "No image is set for Jobs. Set RUNSTONE_JOB_IMAGE to an image with Runstone installed."
        try:
            self._cluster()
        except BadInput as err:
            return str(err)
        return ""

    def _cluster(self) -> Any:
        try:
            return (self._config or KubeConfig.from_env()).get(os.environ.get("RUNSTONE_JOB_CONTEXT") or None)
        except (ConfigError, OSError) as err:
            raise BadInput(f"No cluster for Jobs: {err}. Set KUBECONFIG, or run in a pod.") from err

    @contextlib.asynccontextmanager
    async def _api(self) -> AsyncGenerator["_Api"]:
        if why := self.ready():
            raise BadInput(f"The executor kubernetes cannot be used: {why}")
        timeout = httpx2.Timeout(30.0, read=None)
        async with AsyncClient(self._cluster(), ConnectionParams(timeout=timeout)) as client:
            yield _Api(client, self._namespace)


class _Api:
    """The few calls that are needed, in one namespace."""

    def __init__(self, client: Any, namespace: str) -> None:
        self._client = client
        self.namespace = namespace

    def path(self, group: str, plural: str, name: str = "") -> str:
        root = "/api/v1" if group == "v1" else f"/apis/{group}"
        return f"{root}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    async def create(self, group: str, plural: str, body: dict[str, Any]) -> None:
        """Make an object."""
        await self.asked("POST", self.path(group, plural), json=body)

    async def asked(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """One answer, read whole. Raises Unreachable, Forbidden, BadInput."""
        try:
            answer = await self._client.request(method, path, **more)
        except httpx2.HTTPError as err:
            raise Unreachable(f"The cluster for Jobs cannot be reached: {err or type(err).__name__}.") from err
        _checked(answer, method, path)
        return answer

    @contextlib.asynccontextmanager
    async def lines(self, path: str, **query: Any) -> AsyncGenerator[Any]:
        """An answer that goes on, line by line."""
        try:
            async with self._client.stream("GET", path, params=query) as answer:
                if answer.is_error:
                    await answer.aread()
                _checked(answer, "GET", path)
                yield answer.aiter_lines()
        except httpx2.HTTPError as err:
            raise Unreachable(f"The cluster for Jobs broke off: {err or type(err).__name__}.") from err


def _checked(answer: httpx2.Response, method: str, path: str) -> None:
    if not answer.is_error:
        return
    try:
        said = str(answer.json().get("message", ""))
    except (ValueError, AttributeError):
        said = answer.text[:200]
    what = f"The cluster for Jobs answered {answer.status_code} to {method} {path}: {said}"
    if answer.status_code in (401, 403):
        raise Forbidden(f"{what}. Grant the runner this right; docs/guides/run-tasks-as-jobs.md lists them all.")
    raise (BadInput if answer.status_code in (400, 404, 422) else Unreachable)(what)


async def _started(api: _Api, name: str) -> str:
    """The pod's name, once its container runs or has ended. Raises BadInput, Broken when it never will."""
    query = {"labelSelector": f"job-name={name}"}
    said = "no pod was made"
    try:
        async with asyncio.timeout(_START_S):
            while True:
                found = (await api.asked("GET", api.path("v1", "pods"), params=query)).json()
                for pod in found.get("items") or []:
                    said = _state(pod)
                    if not said:
                        return pod["metadata"]["name"]
                await _changed(api, query, found["metadata"].get("resourceVersion", ""))
    except TimeoutError as err:
        raise Broken(f"The pod of Job {name} did not start within {_START_S:g} s: {said}.") from err


async def _changed(api: _Api, query: dict[str, str], version: str) -> None:
    """Wait until a pod of the Job changes; a watch that ends is no more than a reason to look again."""
    path = api.path("v1", "pods")
    with contextlib.suppress(Unreachable, TimeoutError):
        async with (
            asyncio.timeout(_WATCH_S + 5),
            api.lines(path, watch="true", resourceVersion=version, timeoutSeconds=_WATCH_S, **query) as lines,
        ):
            async for line in lines:
                if line:
                    return
    await asyncio.sleep(0.2)


def _state(pod: dict[str, Any]) -> str:
    """Why the container does not run yet; empty when it does, or has ended. Raises BadInput when it cannot."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    for one in (*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])):
        state: dict[str, Any] = one.get("state") or {}
        waiting: dict[str, Any] = state.get("waiting") or {}
        ended: dict[str, Any] = state.get("terminated") or {}
        if waiting.get("reason") in _HOPELESS:
            raise BadInput(
                f"The pod {pod['metadata']['name']} cannot start: {waiting['reason']}: {waiting.get('message')}"
            )
        if one["name"] == manifest.CONTAINER and ("running" in state or "terminated" in state):
            return ""
        if one["name"] != manifest.CONTAINER and ended.get("exitCode"):
            said = str(ended.get("message") or ended.get("reason") or "").strip()
            raise BadInput(f"The pod {name} could not fetch its content: {said[-300:]}")
    unplaced = [one for one in status.get("conditions") or [] if one.get("reason") == "Unschedulable"]
    return f"no node takes it: {unplaced[0].get('message')}" if unplaced else "it waits"


async def _followed(api: _Api, pod: str, order: ExecutorOrder, on_line: OnLine) -> ExecutorOutcome:
    cap = order.limits.output_mb
    left = cap * 1024**2
    try:
        async with asyncio.timeout(order.deadline_s):
            query = {"follow": "true", "container": manifest.CONTAINER}
            async with api.lines(f"{api.path('v1', 'pods', pod)}/log", **query) as lines:
                async for line in lines:
                    left -= len(line) + 1
                    if left < 0:
                        return ExecutorOutcome(
                            -9, timed_out=False, stopped=f"it printed more than {order.limits.output_mb} MB"
                        )
                    await on_line(line.encode())
            return await _outcome(api, pod, order)
    except TimeoutError:
        return ExecutorOutcome(exit_code=-15, timed_out=True)


async def _outcome(api: _Api, pod: str, order: ExecutorOrder) -> ExecutorOutcome:
    """What became of the container. Its log ends a moment before its status says so."""
    for _ in range(math.ceil(_GONE_S / 0.2)):
        status: dict[str, Any] = (await api.asked("GET", api.path("v1", "pods", pod))).json().get("status") or {}
        ended = next(
            (
                one["state"]["terminated"]
                for one in status.get("containerStatuses") or []
                if one["name"] == manifest.CONTAINER and "terminated" in (one.get("state") or {})
            ),
            None,
        )
        if ended:
            return ExecutorOutcome(
                exit_code=int(ended.get("exitCode", -1)),
                timed_out=ended.get("reason") == "DeadlineExceeded",
                stopped=_stopped(ended, status, order),
                last_words=str(ended.get("message") or ""),
            )
        if status.get("phase") == "Failed":
            return ExecutorOutcome(-9, status.get("reason") == "DeadlineExceeded", _stopped({}, status, order))
        await asyncio.sleep(0.2)
    raise Broken(f"The log of pod {pod} ended, but the cluster does not say what became of it.")


def _stopped(ended: dict[str, Any], status: dict[str, Any], order: ExecutorOrder) -> str:
    if ended.get("reason") == "OOMKilled":
        return f"it took more than {order.limits.memory_mb} MB of memory"
    if status.get("reason") == "Evicted":
        return f"its node evicted it: {status.get('message')}"
    return ""


async def _removed(api: _Api, name: str) -> None:
    """Take the Job with its pod and the Secret away; what is gone already is fine."""
    now = {"gracePeriodSeconds": 1, "propagationPolicy": "Background"}
    of_job = {"labelSelector": f"job-name={name}"}
    for path, query in (
        (api.path("batch/v1", "jobs", name), {}),
        (api.path("v1", "pods"), of_job),
        (api.path("v1", "secrets", name), {}),
    ):
        with contextlib.suppress(BadInput, Unreachable, TimeoutError):
            async with asyncio.timeout(_GONE_S):
                await api.asked("DELETE", path, params=query, content=json.dumps(now))
