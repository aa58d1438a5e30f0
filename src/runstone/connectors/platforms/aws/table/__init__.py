"""Every type that is read, a row each, in the order of reading: what questions and alerts name comes first.

Names of types are those of CloudQuery's tables, which public rules use; operations, fields and states are those of each
service's API reference at docs.aws.amazon.com.
"""

from runstone.connectors.platforms.aws.kinds import Kind
from runstone.connectors.platforms.aws.table import compute, data, network, operation

KINDS: tuple[Kind, ...] = (*compute.ROWS, *network.FIRST, *data.FIRST, *network.ROWS, *data.ROWS, *operation.ROWS)
ACCOUNT = Kind(
    type="aws_iam_accounts",
    aliases=("account", "aws_account"),
    kind="AWSAccount",
    service="iam",
    steps=(),
    name=("Id",),
    arn="arn:{partition}:iam::{account}:root",
    fields=("Id", "Alias"),
    everywhere=True,
)
"""The account itself, which no list has: what rules about a whole account are tried on."""
TYPES = frozenset(word for kind in (ACCOUNT, *KINDS) for word in (kind.type, *kind.aliases))
