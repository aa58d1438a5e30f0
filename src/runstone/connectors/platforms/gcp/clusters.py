"""GKE clusters of some projects: those named, and all of a project, each with a kubeconfig."""

from collections.abc import Mapping, Sequence

from runstone.connectors import gke
from runstone.connectors.items import Item, at, items, text
from runstone.connectors.managed import Clusters, Managed, Seeking, Sought
from runstone.connectors.platforms.gcp import refusal
from runstone.connectors.rest import Denied, Failure, Missing, Rest

_VIEWER = "Grant it the role Kubernetes Engine Viewer (roles/container.viewer) there"


class Finder:
    """One search. ``token`` is what clusters let in by; ``auth`` how Tasks log in, in the words of templates."""

    def __init__(self, rest: Rest, token: str, auth: Mapping[str, str]) -> None:
        self._rest = rest
        self._token = token
        self._auth = auth

    async def found(self, seeking: Seeking, projects: Sequence[str]) -> Clusters:
        """Clusters, and what could not be had. ``projects``: where to look if not told."""
        told = Clusters()
        for one in seeking.named:
            told.add(await self._named(one, [one.account] if one.account else projects))
        for area in seeking.areas:
            for project in [area.account] if area.account else projects:
                told.add(await self._all(project, area.place or gke.EVERYWHERE))
        return told

    async def _named(self, sought: Sought, projects: Sequence[str]) -> list[Managed | str]:
        """By its whole name, or looked up by as much of it as is said."""
        if sought.place:
            told = [await self._asked(project, sought) for project in projects]
            return [one for one in told if isinstance(one, Managed)] or told
        listed = [one for project in projects for one in await self._all(project, gke.EVERYWHERE, sought)]
        missing = f"There is no GKE cluster {sought.name} where it was looked for. Say its location in gkeClusters."
        return listed or [missing]

    async def _asked(self, project: str, sought: Sought) -> Managed | str:
        what = f"The GKE cluster {sought.name} in {sought.place} of the project {project}"
        try:
            answer = await self._rest.get(f"{gke.clusters(project, sought.place)}/{sought.name}")
        except Missing:
            return f"{what} is not there. Correct its name, location or projectId in gkeClusters, or take it out."
        except Failure as err:
            return self._refused(what, err)
        return self._one(project, {"location": sought.place, **answer.body, "name": sought.name}, sought)

    async def _all(self, project: str, location: str, sought: Sought | None = None) -> list[Managed | str]:
        """Every cluster, or those of the name that is sought."""
        try:
            answer = await self._rest.get(gke.clusters(project, location))
        except Failure as err:
            return [self._refused(f"GKE clusters of the project {project}", err)]
        rows = [one for one in items(answer.body.get("clusters")) if not sought or text(one, "name") == sought.name]
        silent = ", ".join(str(zone) for zone in at(answer.body, "missingZones"))
        problem = (
            f"GKE clusters of the project {project}: the zones {silent} did not answer. The next round tries again."
        )
        return [*(self._one(project, row, sought) for row in rows), *([problem] if silent else [])]

    def _one(self, project: str, row: Item, sought: Sought | None) -> Managed | str:
        name, location = text(row, "name"), text(row, "location")
        try:
            kubeconfig = gke.kubeconfig(project, location, row, self._token)
        except (KeyError, TypeError):
            status = text(row, "status") or "of unknown status"
            return f"The GKE cluster {name} in {location} of the project {project} has no endpoint ({status})."
        known = {"cluster_type": "gke", "cluster_name": name, "project_id": project, "location": location}
        return Managed(name, project, location, {**known, **self._auth}, kubeconfig, sought)

    def _refused(self, what: str, err: Failure) -> str:
        if isinstance(err, Denied) and refusal.off(err):
            return f"{what}: the API is not enabled. Enable it there: gcloud services enable container.googleapis.com"
        said = refusal.said(err, self._rest.base, f"may not read it. {_VIEWER}")
        return f"{what}: {said}"
