"""Every type that is read, a row each: how it is listed, what of it is kept, and what the Map learns from it.

Names of types are the words of the GenerationRules' format; lists, fields and states are those of the Azure DevOps REST
API 7.1. Paths are spelled as the API spells them.
"""

from dataclasses import dataclass, field

from runstone.connectors.items import Item, Judge, Looks
from runstone.connectors.platforms.azure_devops import looks
from runstone.model.resource import RelationType

PAGE = "500"


def exists(_: Item) -> Looks:
    """Azure DevOps says nothing of its state."""
    return "unknown", ""


@dataclass(frozen=True)
class Reference:
    """Parts of a thing that name others by id.

    ``each``: the path of the parts; ``when``: a field and what it must say for a part to count. ``id``: the path of the
    id in a part, ``project`` that of its project's; without one it is of the thing's own project. ``type``: what it is.
    """

    each: str
    id: str
    type: str
    relation: RelationType
    when: tuple[str, str] = ("", "")
    project: str = ""


@dataclass(frozen=True)
class Security:
    """Where the right to see all of a kind in a project is written: a bit of a token of a security namespace.

    Facts: security namespace and permission reference. ``token``: what stands before the project's id.
    """

    namespace: str
    permission: int
    token: str = ""


@dataclass(frozen=True)
class Kind:
    """One type of thing in Azure DevOps.

    ``type`` is what rules call it; ``kind`` what the Map does; ``right`` what a token must be allowed to read it.
    ``path``: its list, under a project; ``release``: at the address of releases. ``foldered``: its name is unique only
    together with its folder. ``security``: what tells whether all of it is seen, where that is known.
    """

    type: str
    kind: str
    right: str
    path: str = ""
    query: dict[str, str] = field(default_factory=dict[str, str])
    release: bool = False
    foldered: bool = False
    security: Security | None = None
    fields: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    health: Judge = exists


_BUILD = ("id", "buildNumber", "status", "result", "reason", "sourceBranch", "queueTime", "startTime", "finishTime")
ORGANIZATION = Kind(type="organization", kind="AzureDevOpsOrganization", right="Project and Team (Read)")
PROJECT = Kind(
    type="project",
    kind="AzureDevOpsProject",
    right="Project and Team (Read)",
    fields=("state", "revision", "visibility", "lastUpdateTime"),
    health=looks.PROJECT,
)
REPOSITORY = Kind(
    type="repository",
    kind="AzureDevOpsRepository",
    right="Code (Read)",
    path="git/repositories",
    security=Security("2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87", 2, "repoV2/"),
    fields=("webUrl", "defaultBranch", "size", "isDisabled", "isFork", "isInMaintenance"),
    health=looks.repository,
)
PIPELINE = Kind(
    type="pipeline",
    kind="AzureDevOpsPipeline",
    right="Build (Read)",
    path="build/definitions",
    query={
        "includeAllProperties": "true",
        "includeLatestBuilds": "true",
        "queryOrder": "definitionNameAscending",  # without an order no continuation token holds
        "$top": PAGE,
    },
    foldered=True,
    security=Security("33344d9c-fc72-4d6f-aba5-fa317101a7e9", 1024),
    fields=(
        *("path", "type", "quality", "queueStatus", "revision", "createdDate", "process.type", "process.yamlFilename"),
        *("repository.id", "repository.name", "repository.type", "repository.defaultBranch", "triggers.triggerType"),
        *("queue.name", "queue.pool.name", "queue.pool.isHosted"),
        *(f"latestBuild.{name}" for name in _BUILD),
        *(f"latestCompletedBuild.{name}" for name in _BUILD),
    ),
    references=(
        Reference("repository", "id", "repository", "references", when=("type", "TfsGit")),
        Reference("repository", "properties.connectedServiceId", "service_connection", "references"),
    ),
    health=looks.pipeline,
)
RELEASE = Kind(
    type="release",
    kind="AzureDevOpsRelease",
    right="Release (Read)",
    path="release/definitions",
    query={"$expand": "artifacts,lastRelease", "$top": PAGE},
    release=True,
    foldered=True,
    fields=(
        *("path", "revision", "source", "isDisabled", "createdOn", "modifiedOn", "artifacts.alias", "artifacts.type"),
        *("lastRelease.id", "lastRelease.name", "lastRelease.createdOn"),
    ),
    references=(
        Reference(
            "artifacts",
            "definitionReference.definition.id",
            "pipeline",
            "references",
            when=("type", "Build"),
            project="definitionReference.project.id",
        ),
    ),
    health=looks.release,
)
CONNECTION = Kind(
    type="service_connection",
    kind="AzureDevOpsServiceConnection",
    right="Service Connections (Read)",
    path="serviceendpoint/endpoints",
    query={"includeFailed": "true"},
    fields=("type", "owner", "isShared", "isReady", "authorization.scheme", "operationStatus.state"),
    health=looks.connection,
)

KINDS = (REPOSITORY, PIPELINE, RELEASE, CONNECTION)
"""What lies in projects, in the order of reading."""
BY_TYPE = {kind.type: kind for kind in (ORGANIZATION, PROJECT, *KINDS)}
