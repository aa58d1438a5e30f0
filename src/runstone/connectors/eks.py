"""EKS: the kubeconfig of a cluster, with a token as ``aws eks get-token`` gives it. boto3 signs; nothing is asked here.

Facts: the EKS API's DescribeCluster; the token is a signed GetCallerIdentity address that names the cluster in a
header, and is good for 15 minutes (EKS documentation).
"""

import base64
from collections.abc import Mapping
from typing import Any

from botocore.model import ServiceId
from botocore.signers import RequestSigner

from runstone.connectors.managed import Document, document

_SIGNED_S = 60
"""How long the signed address in a token holds."""


def kubeconfig(session: Any, region: str, described: Mapping[str, Any]) -> Document:
    """Of a cluster as DescribeCluster describes it. Raises KeyError when it has no endpoint (yet).

    ``session`` is boto3's, with credentials. Raises BotoCoreError when there are none to sign with.
    """
    name, server = str(described["name"]), str(described["endpoint"])
    authority = str(described["certificateAuthority"]["data"])
    return document(f"{name}.{region}", server, authority, _token(session, region, name))


def _token(session: Any, region: str, cluster: str) -> str:
    signer = RequestSigner(ServiceId("STS"), region, "sts", "v4", session.get_credentials(), session.events)
    address = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"https://sts.{region}.{_suffix(session, region)}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name=region,
        expires_in=_SIGNED_S,
        operation_name="",
    )
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(address).encode()).decode().rstrip("=")


def _suffix(session: Any, region: str) -> str:
    return "amazonaws.com.cn" if session.get_partition_for_region(region) == "aws-cn" else "amazonaws.com"
