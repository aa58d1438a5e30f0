"""Every type that is read, a row each, in the order of reading: what questions and alerts name comes first.

Names of types are those of CloudQuery's tables, which public rules use; types, fields and states are those of each
provider's reference at learn.microsoft.com/rest/api.
"""

from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.kinds import Kind
from runstone.connectors.platforms.azure.table import app, compute, data, network, operation

SUBSCRIPTION = Kind(
    type="azure_subscription_subscriptions",
    kind="AzureSubscription",
    arm="Microsoft.Resources/subscriptions",
    fields=("displayName", "state", "tenantId", "subscriptionPolicies.quotaId", "subscriptionPolicies.spendingLimit"),
    health=looks.SUBSCRIPTION,
)
GROUP = Kind(
    type="azure_resources_resource_groups",
    aliases=("resource_group",),
    kind="AzureResourceGroup",
    arm="Microsoft.Resources/subscriptions/resourceGroups",
)
KINDS: tuple[Kind, ...] = (GROUP, *compute.ROWS, *app.ROWS, *data.ROWS, *network.ROWS, *operation.ROWS)
BY_ARM = {kind.key: kind for kind in (SUBSCRIPTION, *KINDS)}
"""Rows by the type as Resource Graph writes it."""
TYPES = frozenset(word for kind in (SUBSCRIPTION, *KINDS) for word in kind.words)
