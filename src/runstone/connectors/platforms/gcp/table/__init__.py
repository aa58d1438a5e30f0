"""Every type that is read, a row each, in the order of reading: what questions and alerts name comes first.

Names of types are those of CloudQuery's tables, which public rules use; asset types are those of Cloud Asset Inventory,
fields and states those of each service's REST reference at cloud.google.com.
"""

from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind
from runstone.connectors.platforms.gcp.shape import PROJECT as _PROJECT
from runstone.connectors.platforms.gcp.table import app, compute, data, network, operation

PROJECT = Kind(
    type="gcp_projects",
    aliases=("project",),
    kind=_PROJECT,
    asset="cloudresourcemanager.googleapis.com/Project",
    fields=("projectNumber", "projectId", "displayName", "state", "lifecycleState", "createTime"),
    health=looks.PROJECT,
)
KINDS: tuple[Kind, ...] = (*compute.ROWS, *app.ROWS, *data.ROWS, *network.ROWS, *operation.ROWS)
BY_ASSET = {asset: kind for kind in (PROJECT, *KINDS) for asset in kind.assets}
"""Rows by each type of Cloud Asset Inventory."""
TYPES = frozenset(word for kind in (PROJECT, *KINDS) for word in kind.words)
