"""The Kubernetes API over HTTP: get, list, read a log, change. Knows paths and answers, no checks.

Answers are kept for the life of the client, so that the tasks of one suite ask for nothing twice.
"""

import json
import ssl
import time
from typing import Any
from urllib.parse import urlencode
from urllib.request import getproxies, proxy_bypass

import requests
from requests.adapters import HTTPAdapter

from RW.Kubernetes import kubeconfig
from RW.Kubernetes.kubeconfig import Json, Target
from RW.Kubernetes.trouble import Absent, ClusterTrouble, Forbidden, Rejected, Unauthorised, Unreachable

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
PAGE = 500
ANY = "*/*"
"""Logs are plain text, but the API server refuses to be asked for it (406)."""
METADATA_ONLY = "application/json;as={};g=meta.k8s.io;v=v1"
"""Asks the API server to leave everything but metadata out (since 1.15): how Secrets and ConfigMaps are looked at."""


class _Transport(HTTPAdapter):
    """Hands our TLS context down, and keeps requests from adding the public certificate authorities to it."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._context = context
        self._names = {"server_hostname": server_name, "assert_hostname": server_name} if server_name else {}
        super().__init__(pool_connections=1, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, **self._names, "ssl_context": self._context})

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        return super().proxy_manager_for(*args, **{**kwargs, **self._names, "ssl_context": self._context})

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing to add: the context knows whom to trust."""


class Client:
    """One API server, one identity, one kept-alive connection."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._session: requests.Session | None = None
        self._kept: dict[tuple[str, str], Any] = {}
        self._down: Unreachable | Unauthorised | None = None

    def get(self, path: str, *, metadata_only: bool = False) -> Json:
        """The object at ``path``, such as ``/api/v1/namespaces/shop/pods/web-0``."""
        return self._json(path, "PartialObjectMetadata" if metadata_only else "")

    def many(self, path: str, *, metadata_only: bool = False, **params: str) -> list[Json]:
        """All objects at ``path``, page by page. ``params`` are the API's: labelSelector, fieldSelector."""
        form = "PartialObjectMetadataList" if metadata_only else ""
        items: list[Json] = []
        query: dict[str, Any] = {**params, "limit": PAGE}
        while True:
            page = self._json(f"{path}?{urlencode(query)}", form)
            items += page.get("items") or []
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return items
            query["continue"] = more

    def log(self, namespace: str, pod: str, container: str, *, previous: bool, since_s: int, lines: int) -> str:
        """The last ``lines`` lines a container wrote, each with its time. Raises Absent when there is no such log."""
        query: dict[str, Any] = {"container": container, "tailLines": lines, "timestamps": "true", "limitBytes": 65536}
        if previous:
            query["previous"] = "true"
        elif since_s:
            query["sinceSeconds"] = since_s
        return str(self._kept_answer(f"/api/v1/namespaces/{namespace}/pods/{pod}/log?{urlencode(query)}", ANY))

    def patch(self, path: str, change: Json | list[Json]) -> Json:
        """Change the object at ``path``: a list is a JSON patch, a mapping a strategic merge patch."""
        kind = "json-patch" if isinstance(change, list) else "strategic-merge-patch"
        self._kept.clear()
        answer = self._send("PATCH", path, "application/json", json.dumps(change), f"application/{kind}+json")
        return answer.json()

    def forget(self) -> None:
        """Drop what was kept: the next question goes to the cluster."""
        self._kept.clear()

    def _json(self, path: str, form: str) -> Json:
        return self._kept_answer(path, METADATA_ONLY.format(form) if form else "application/json")

    def _kept_answer(self, path: str, accept: str) -> Any:
        key = (path, accept)
        if key not in self._kept:
            self._kept[key] = self._attempt(path, accept)
        kept = self._kept[key]
        if isinstance(kept, ClusterTrouble):
            raise kept
        return kept

    def _attempt(self, path: str, accept: str) -> Any:
        try:
            answer = self._send("GET", path, accept)
        except (Forbidden, Absent) as refusal:
            return refusal
        if accept != ANY:
            return answer.json()
        return answer.content.decode("utf-8", "replace")

    def _send(self, method: str, path: str, accept: str, body: str | None = None, kind: str = "") -> requests.Response:
        if self._down:
            raise self._down
        headers = {"Accept": accept, **({"Content-Type": kind} if kind else {})}
        try:
            answer = self._open().request(
                method,
                self.target.server + path,
                data=body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            )
        except requests.RequestException as err:
            self._down = Unreachable(self._unreachable(err))
            raise self._down from err
        return self._checked(answer, method, path)

    def _open(self) -> requests.Session:
        if self._session is None:
            target, session = self.target, requests.Session()
            session.trust_env = False  # a ~/.netrc must not replace the kubeconfig's credentials
            session.proxies = _proxies(target)
            session.verify = not target.cluster.get("insecure-skip-tls-verify")
            who, context = kubeconfig.credentials(target), kubeconfig.trust(target)
            kubeconfig.present(context, who)
            if not session.verify:
                requests.packages.urllib3.disable_warnings()  # type: ignore[attr-defined] # the kubeconfig asked for it
            session.mount("https://", _Transport(context, str(target.cluster.get("tls-server-name") or "")))
            if who.authorization:
                session.headers["Authorization"] = who.authorization
            session.headers["User-Agent"] = "runstone-codecollection"
            self._session = session
        return self._session

    def _checked(self, answer: requests.Response, method: str, path: str) -> requests.Response:
        if answer.ok:
            return answer
        said = _message(answer)
        where = f"{method} {path.split('?')[0]} at {self.target.server} (context '{self.target.context}')"
        match answer.status_code:
            case 401:
                self._down = Unauthorised(
                    f"{self.target.server} does not accept the credentials of context '{self.target.context}' "
                    "(HTTP 401): the token has expired or was revoked. Store a fresh kubeconfig in the secret."
                )
                raise self._down
            case 403:
                raise Forbidden(f"{said} (HTTP 403)")
            case 404:
                raise Absent(said)
            case 429 | 503 if method == "GET" and not getattr(self, "_waited", False):
                self._waited = True
                time.sleep(min(float(answer.headers.get("Retry-After") or 1), 2))
                return self._send(method, path, answer.request.headers["Accept"])
            case code:
                raise Rejected(f"{where} answered HTTP {code}: {said}. Read the message, correct it and run again.")

    def _unreachable(self, err: requests.RequestException) -> str:
        if isinstance(err, requests.exceptions.SSLError):
            why = "its certificate is not trusted by this kubeconfig; correct certificate-authority-data"
        elif isinstance(err, requests.Timeout):
            why = "it did not answer in time; check the network between this Location and the cluster"
        else:
            why = "no connection could be made; check its address, and the network between this Location and it"
        return (
            f"The Kubernetes API server {self.target.server} of context '{self.target.context}' is unreachable: {why}."
        )


def _proxies(target: Target) -> dict[str, str]:
    if target.cluster.get("proxy-url"):
        return {"https": str(target.cluster["proxy-url"]), "http": str(target.cluster["proxy-url"])}
    host = target.server.split("//")[-1].split("/")[0].rsplit(":", 1)[0]
    return {} if proxy_bypass(host) else {k: v for k, v in getproxies().items() if k in ("http", "https")}


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json().get("message") or answer.reason)
    except ValueError:
        return answer.text.strip()[:300] or str(answer.reason)
