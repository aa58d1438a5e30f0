"""Questions to one cluster's API, each asked at most once per run.

The answers are plain dicts, the API's own words. Nothing here ever asks for the values of a Secret or a ConfigMap:
of those two only their metadata is requested, to see whether they exist.
"""

import email.utils
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import requests
from requests.adapters import HTTPAdapter

from .failure import Absent, Forbidden, Rejected, Unauthenticated, Unreachable
from .kind import KINDS, Kind
from .kubeconfig import Access

Object = dict[str, Any]
"""One object of the API, as it came."""

_PAGE = 500
_MOST = 10_000
"""Objects of one list we read at most: enough for any namespace, and a bound on memory."""
_TIMEOUT = (5, 20)
_LOG_BYTES = 256 * 1024
_VALUES_STAY = frozenset({"Secret", "ConfigMap"})
_METADATA = "application/json;as={};g=meta.k8s.io;v=v1,application/json"


class Cluster(Protocol):
    """What checks ask. A live cluster answers, or in tests a few objects in memory."""

    @property
    def now(self) -> datetime:
        """The cluster's own time: ours may be off."""
        ...

    def list(self, kind: str, namespace: str = "", selector: str = "", fields: str = "") -> list[Object]:
        """Objects of a kind. A kind that is not served has none. Raises Forbidden, and what else Failure knows."""
        ...

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object, None when there is none; of Secrets and ConfigMaps the metadata only."""
        ...

    def log(self, namespace: str, pod: str, container: str, previous: bool, tail: int) -> list[str]:
        """The last lines of a container, each beginning with its time; none when there is no log."""
        ...

    def patch(self, kind: str, namespace: str, name: str, change: Any, how: str) -> Object:
        """Change one object. ``how`` is ``merge``, ``strategic`` or ``json``."""
        ...


class LiveCluster:
    """A cluster behind a kubeconfig."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._known: dict[str, Any] = {}
        self._served: dict[str, str] = {}
        self._skew = 0.0
        self._session = _session(access)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self._skew, UTC)

    def list(self, kind: str, namespace: str = "", selector: str = "", fields: str = "") -> list[Object]:
        known = KINDS[kind]
        query = {name: value for name, value in (("labelSelector", selector), ("fieldSelector", fields)) if value}
        for version in self._versions(known):
            path = known.path(version, namespace)
            key = f"{kind} {path}?{urlencode(query)}"
            if key in self._known:
                return self._known[key]
            try:
                found = self._pages(path, query, known, namespace)
            except Absent:
                continue
            self._served[kind] = version
            self._known[key] = found
            return found
        return []

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        known = KINDS[kind]
        for version in self._versions(known):
            path = known.path(version, namespace, name)
            key = f"{kind} {path}"
            if key not in self._known:
                try:
                    found = _slim(self._ask(path, {}, _accept(kind, single=True), known, "get", namespace), kind)
                except Absent:
                    found = None
                self._known[key] = found
            if self._known[key] is not None:
                return self._known[key]
        return None

    def log(self, namespace: str, pod: str, container: str, previous: bool, tail: int) -> list[str]:
        query = {"container": container, "tailLines": str(tail), "timestamps": "true", "limitBytes": str(_LOG_BYTES)}
        if previous:
            query["previous"] = "true"
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        key = f"{path}?{urlencode(query)}"
        if key not in self._known:
            try:
                answer = self._send("GET", path, query, "*/*", Kind("Log", "pods/log", ("v1",)), "get", namespace)
                self._known[key] = answer.content.decode("utf-8", "replace").splitlines()
            except (Absent, Rejected):
                # A container that has not started, or has no earlier run, has no log: that is no failure.
                self._known[key] = []
        return self._known[key]

    def patch(self, kind: str, namespace: str, name: str, change: Any, how: str) -> Object:
        known = KINDS[kind]
        form = {"merge": "merge-patch", "strategic": "strategic-merge-patch", "json": "json-patch"}[how]
        path = known.path(self._served.get(kind, known.versions[0]), namespace, name)
        answer = self._send(
            "PATCH", path, {}, "application/json", known, "patch", namespace, change, f"application/{form}+json"
        )
        self._known.clear()
        return answer.json()

    def _versions(self, kind: Kind) -> Iterable[str]:
        return (self._served[kind.name],) if kind.name in self._served else kind.versions

    def _pages(self, path: str, query: dict[str, str], kind: Kind, namespace: str) -> list[Object]:
        found: list[Object] = []
        following = ""
        while True:
            page = {**query, "limit": str(_PAGE)} | ({"continue": following} if following else {})
            answer = self._ask(path, page, _accept(kind.name, single=False), kind, "list", namespace)
            found += [_slim(item, kind.name) for item in answer.get("items") or []]
            following = (answer.get("metadata") or {}).get("continue") or ""
            if not following or len(found) >= _MOST:
                return found

    def _ask(self, path: str, query: dict[str, str], accept: str, kind: Kind, verb: str, namespace: str) -> Object:
        answer = self._send("GET", path, query, accept, kind, verb, namespace)
        try:
            return answer.json()
        except ValueError as err:
            raise Unreachable(
                f"{self._place} answers, but not as a Kubernetes API does. Check the server address of the kubeconfig."
            ) from err

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        accept: str,
        kind: Kind,
        verb: str,
        namespace: str,
        body: Any = None,
        body_type: str = "",
    ) -> requests.Response:
        headers = {"Accept": accept} | ({"Content-Type": body_type} if body_type else {})
        try:
            answer = self._session.request(
                method,
                self.access.server + path,
                params=query,
                json=body,
                headers=headers,
                timeout=_TIMEOUT,
                # Given with each request: a session's own setting loses against REQUESTS_CA_BUNDLE.
                verify=self.access.verify,
                cert=self.access.certificate,
            )
        except requests.exceptions.SSLError as err:
            raise Unreachable(
                f"{self._place} presents a certificate that the kubeconfig's CA does not confirm ({_cause(err)}). "
                f"Check certificate-authority-data, or whether a proxy stands between."
            ) from err
        except (requests.exceptions.RequestException, OSError) as err:
            raise Unreachable(
                f"{self._place} cannot be reached ({_cause(err)}). Check the server address, the network between, "
                f"and whether the cluster is up."
            ) from err
        self._keep_time(answer)
        if answer.status_code >= 400:
            raise self._failure(answer, kind, verb, namespace)
        return answer

    def _failure(self, answer: requests.Response, kind: Kind, verb: str, namespace: str) -> Exception:
        where = f"in namespace {namespace}" if namespace else "in the cluster"
        said = _message(answer)
        match answer.status_code:
            case 401:
                return Unauthenticated(
                    f"{self._place} does not accept the credential of context {self.access.context} (401). Its token or "
                    f"certificate has expired or was revoked: provide a fresh kubeconfig."
                )
            case 403:
                return Forbidden(
                    f"the kubeconfig's user may not {verb} {kind.resource} {where} (403). Grant the verb {verb} on "
                    f"{kind.resource}."
                )
            case 404:
                return Absent(said)
            case _:
                return Rejected(
                    f"{self._place} did not {verb} {kind.resource} {where} ({answer.status_code}): {said}"
                )

    def _keep_time(self, answer: requests.Response) -> None:
        said = answer.headers.get("Date")
        if said:
            theirs = email.utils.parsedate_to_datetime(said).timestamp()
            ours = datetime.now(UTC).timestamp()
            # The header has whole seconds, and the answer took its time: less than that is no difference.
            self._skew = theirs - ours if abs(theirs - ours) > 3 else 0.0

    @property
    def _place(self) -> str:
        return f"The Kubernetes API at {self.access.server}"


class _Verified(HTTPAdapter):
    """Connects to an address and expects the certificate of another name (``tls-server-name``)."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, server_hostname=self._name, assert_hostname=self._name)


def _session(access: Access) -> requests.Session:
    session = requests.Session()
    # Set as a hook and not as a header: requests lets a .netrc entry of the machine win over a plain header.
    session.auth = _signed(access)
    session.headers.update({"User-Agent": "codecollection-kubernetes", **access.headers})
    if access.proxy:
        session.proxies = {"http": access.proxy, "https": access.proxy}
        session.trust_env = False
    if access.tls_server_name:
        session.mount("https://", _Verified(access.tls_server_name))
    if access.verify is False:
        # The kubeconfig's owner decided so; a warning per request tells nobody anything.
        requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined]
    return session


def _signed(access: Access) -> Any:
    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if access.token:
            request.headers["Authorization"] = f"Bearer {access.token}"
        elif access.basic:
            return requests.auth.HTTPBasicAuth(*access.basic)(request)
        return request

    return sign


def _accept(kind: str, single: bool) -> str:
    if kind not in _VALUES_STAY:
        return "application/json"
    return _METADATA.format("PartialObjectMetadata" if single else "PartialObjectMetadataList")


def _slim(item: Object, kind: str) -> Object:
    """Without what no check reads and much memory holds; of Secrets and ConfigMaps nothing but metadata."""
    metadata = item.get("metadata") or {}
    metadata.pop("managedFields", None)
    (metadata.get("annotations") or {}).pop("kubectl.kubernetes.io/last-applied-configuration", None)
    return {"metadata": metadata} if kind in _VALUES_STAY else item


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("message") or answer.reason)
    except (ValueError, AttributeError):
        return answer.text[:200] or str(answer.reason)


def _cause(err: BaseException) -> str:
    """The last words of a chain of network errors: the part that tells something."""
    text = str(err)
    for mark in ("Connection refused", "Name or service not known", "timed out", "No route to host", "Temporary failure"):
        if mark.lower() in text.lower():
            return mark.lower()
    return text.rsplit(": ", 1)[-1].strip("')")[:160]
