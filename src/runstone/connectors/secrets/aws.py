"""AWS: ``aws@NAME[:FIELD]`` in Secrets Manager, ``aws:ssm@PARAMETER``, and logins.

``aws:WAY@cli`` logs the run in, ``aws:WAY@kubeconfig:REGION/CLUSTER`` is access to an EKS cluster. Ways:
``access_key`` (secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the run), ``assume_role`` (secret AWS_ROLE_ARN),
and ``default``, ``irsa``, ``workload_identity``, ``cli``: what boto3 finds on the runner.
"""

import json
import re
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from runstone.connectors import eks
from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_WAYS = ("access_key", "assume_role", "default", "irsa", "workload_identity", "cli")
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
_ARN = re.compile(r"arn:[\w-]+:[\w-]+:([\w-]+):")
_CLUSTER = re.compile(r"([a-z0-9-]+)/([\w-]+)")
_DENIED = {
    *("AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId"),
    *("ExpiredToken", "ExpiredTokenException", "InvalidSignatureException", "SignatureDoesNotMatch"),
}
_WRONG = {"ValidationException", "InvalidParameterException", "InvalidParameterValueException"}
_MISSING = {"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound", "DecryptionFailure"}


class AwsSecrets(SecretProvider):
    """Secrets Manager, Parameter Store, and what a login makes."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        try:
            return self._get(kind, path, ask)
        except ClientError as err:
            raise _explained(err, path) from err
        except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as err:
            raise Forbidden("The runner has no AWS credentials. Give it some, as for the aws command.") from err
        except ParamValidationError as err:
            raise BadInput(f"{path!r} is no name of AWS. Write aws@name or aws:ssm@/name.") from err
        except BotoCoreError as err:
            raise Unreachable(f"AWS does not answer for {path}: {type(err).__name__}.") from err

    def _get(self, kind: str, path: str, ask: Ask) -> Found:
        if kind in ("", "secretsmanager"):
            return Found(_managed(boto3.Session(), path))
        if kind == "ssm":
            answer = _client(boto3.Session(), "ssm", _region(path)).get_parameter(Name=path, WithDecryption=True)
            return Found(str(answer["Parameter"]["Value"]))
        if kind not in _WAYS:
            raise BadInput(
                f"aws:{kind} is no way to a secret. Write aws@name, aws:ssm@name, or one of {', '.join(_WAYS)}."
            )
        form, _, where = path.partition(":")
        cluster = _CLUSTER.fullmatch(where) if form == "kubeconfig" else None
        if path != "cli" and not cluster:
            raise BadInput(f"{path!r} is nothing of AWS. Write aws:{kind}@cli or aws:{kind}@kubeconfig:region/cluster.")
        session = _session(kind, ask)
        return Found(_kubeconfig(session, cluster[1], cluster[2])) if cluster else _login(session)


def _client(session: boto3.Session, service: str, region: str = "") -> Any:
    return session.client(service, region_name=region or session.region_name or "us-east-1", config=_CONFIG)  # pyright: ignore[reportCallIssue, reportArgumentType]


def _region(name: str) -> str:
    """Of an ARN; else empty."""
    found = _ARN.match(name)
    return found[1] if found else ""


def _managed(session: boto3.Session, path: str) -> str:
    """A secret's text, or one field of it when it is JSON. The colon is not taken from the middle of an ARN."""
    name, colon, field = path.rpartition(":")
    if not colon or (path.startswith("arn:") and path.count(":") < 7):
        name, field = path, ""
    answer = _client(session, "secretsmanager", _region(name)).get_secret_value(SecretId=name)
    try:
        text: str = answer.get("SecretString") or bytes(answer["SecretBinary"]).decode()
    except UnicodeDecodeError as err:
        raise BadInput(f"The secret aws@{name} is no text, and only texts can be given to Tasks.") from err
    return _field(text, name, field) if field else text


def _field(text: str, name: str, field: str) -> str:
    try:
        fields: dict[str, Any] = json.loads(text)
        value = fields[field]
    except (ValueError, TypeError, KeyError):
        # Without its cause: a parser's error holds the text it could not read.
        raise NotFound(
            f"The secret {name} in Secrets Manager has no field {field}. Add it, or correct the key."
        ) from None
    return value if isinstance(value, str) else json.dumps(value)


def _session(way: str, ask: Ask) -> boto3.Session:
    key, secret = ask("AWS_ACCESS_KEY_ID"), ask("AWS_SECRET_ACCESS_KEY")
    if way == "access_key" and not (key and secret):
        raise NotFound("aws:access_key needs the secrets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the same SLX.")
    if way == "access_key" or (way == "assume_role" and key and secret):
        session = boto3.Session(key, secret, ask("AWS_SESSION_TOKEN"))
    else:
        session = boto3.Session()
    if way != "assume_role":
        return session
    role = ask("AWS_ROLE_ARN") or ask("aws_role_arn") or ask("aws_assume_role_arn")
    if not role:
        raise NotFound("aws:assume_role needs the secret AWS_ROLE_ARN of the same SLX.")
    given = _client(session, "sts").assume_role(RoleArn=role, RoleSessionName="runstone")["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def _login(session: boto3.Session) -> Found:
    """The files of the aws command (its documentation: configuration and credential file settings)."""
    found = session.get_credentials()
    if found is None:
        raise NoCredentialsError
    frozen = found.get_frozen_credentials()
    lines = ["[default]", f"aws_access_key_id = {frozen.access_key}", f"aws_secret_access_key = {frozen.secret_key}"]
    lines += [f"aws_session_token = {frozen.token}"] if frozen.token else []
    config = f"[default]\nregion = {session.region_name or 'us-east-1'}\n"
    files = {"cloud/aws/credentials": "\n".join(lines).encode(), "cloud/aws/config": config.encode()}
    hidden = (str(frozen.secret_key), str(frozen.token or ""))
    return Found("The run is logged in to AWS; the aws command finds it.", files, hidden, public=True)


def _kubeconfig(session: boto3.Session, region: str, cluster: str) -> str:
    found = _client(session, "eks", region).describe_cluster(name=cluster)["cluster"]
    try:
        return json.dumps(eks.kubeconfig(session, region, found))
    except KeyError as err:
        raise Unreachable(f"The EKS cluster {region}/{cluster} has no endpoint yet. Wait until it is active.") from err


def _explained(err: ClientError, path: str) -> Exception:
    code = str(err.response.get("Error", {}).get("Code", ""))
    status = err.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if code in _DENIED or status in (401, 403):
        return Forbidden(
            f"AWS refuses {path} ({code}). Renew the credentials, or grant the runner's identity the read."
        )
    if code in _WRONG:
        return BadInput(f"{path!r} is no name of AWS ({code}). Write aws@name or aws:ssm@/name.")
    if code in _MISSING:
        return NotFound(f"AWS has no {path} ({code}). Make it, or correct name and region.")
    return Unreachable(f"AWS could not serve {path} ({code or 'no code'}).")
