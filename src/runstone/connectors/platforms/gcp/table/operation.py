"""What watches over the rest: accounts, secrets, keys, alerts."""

from runstone.connectors.platforms.gcp import looks
from runstone.connectors.platforms.gcp.kinds import Kind

ACCOUNT = Kind(
    type="gcp_iam_service_accounts",
    kind="GCPServiceAccount",
    asset="iam.googleapis.com/ServiceAccount",
    fields=("email", "displayName", "disabled", "uniqueId", "oauth2ClientId"),
    name="email",
    health=looks.account,
)
SECRET = Kind(
    type="gcp_secretmanager_secrets",
    kind="GCPSecret",
    asset="secretmanager.googleapis.com/Secret",
    fields=("createTime", "expireTime", "rotation.nextRotationTime", "rotation.rotationPeriod"),
)
KEY_RING = Kind(
    type="gcp_kms_keyrings",
    kind="KMSKeyRing",
    asset="cloudkms.googleapis.com/KeyRing",
    fields=("createTime",),
)
KEY = Kind(
    type="gcp_kms_crypto_keys",
    kind="KMSCryptoKey",
    asset="cloudkms.googleapis.com/CryptoKey",
    fields=("purpose", "primary.state", "rotationPeriod", "nextRotationTime", "versionTemplate.algorithm"),
    health=looks.KEY,
    part=True,
)
ALERT = Kind(
    type="gcp_monitoring_alert_policies",
    kind="GCPAlertPolicy",
    asset="monitoring.googleapis.com/AlertPolicy",
    fields=("displayName", "enabled", "combiner", "conditions.displayName", "severity", "creationRecord.mutateTime"),
    labels="userLabels",
)

ROWS = (ACCOUNT, SECRET, KEY_RING, KEY, ALERT)
