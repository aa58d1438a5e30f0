"""As whom AWS is asked and for which account: the ways boto3 logs in by, and a role on top. Blocking.

Credentials come from where every AWS tool takes them (environment, profile, SSO, web identity, container, instance);
none is ever an argument, is kept or is printed.
"""

import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ProfileNotFound
from botocore.loaders import create_loader

from runstone.connectors.platforms.aws.call import Client, Denied, Expired, Failure, Gone, Unknown
from runstone.connectors.platforms.aws.kinds import Call, text
from runstone.errors import BadInput, Forbidden, Unreachable

_GLOBAL = {"aws": "us-east-1", "aws-cn": "cn-northwest-1", "aws-us-gov": "us-gov-west-1"}
"""Where global services are at home, by partition."""
_AUTH_TYPES = {
    "assume-role-with-web-identity": "aws_workload_identity",
    "container-role": "aws_pod_identity",
}
"""By what botocore calls the way its credentials came."""
_CONNECT_S = 5.0
_LOADER = create_loader()
"""Reads what boto3 knows of each service, once for all accounts and rounds: 56 MB and 0.4 s for those of the table."""


@dataclass(frozen=True)
class Login:
    """How to log in. Empty: as boto3 would."""

    profile: str = ""
    role: str = ""
    """ARN of a role to assume, for an account other than one's own."""
    external_id: str = ""
    endpoint_url: str = ""
    region: str = ""
    """Where to start from; empty for the profile's, AWS_REGION's or us-east-1."""
    account: str = ""
    """The account it must be; empty for any."""
    timeout_s: float = 15.0
    attempts: int = 5
    auth_secret: str = ""
    """The Kubernetes Secret with the access key that Tasks log in with; empty for how this login is made."""


@dataclass
class Account:
    """An account that was logged in to."""

    login: Login
    session: Any
    """boto3's."""
    home: str
    """The region calls without a region of their own go to."""
    who: str = ""
    """The ARN it is asked as."""
    id: str = ""
    partition: str = "aws"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str, region: str = "") -> Client:
        """A client of a service in a region. Raises Failure."""
        settings = Config(
            connect_timeout=min(_CONNECT_S, self.login.timeout_s),
            read_timeout=self.login.timeout_s,
            retries={"mode": "adaptive", "total_max_attempts": self.login.attempts},
            user_agent_extra="runstone",
        )
        try:
            with self._lock:  # boto3 makes clients in one thread at a time
                client = self.session.client(
                    service,
                    region_name=region or self.home,
                    endpoint_url=self.login.endpoint_url or None,
                    config=settings,
                )
        except (BotoCoreError, ValueError) as err:
            raise Failure(f"boto3 has no way to {service} in {region or self.home} ({type(err).__name__}).") from err
        return Client(client, self.who, self.login.timeout_s)

    @property
    def auth(self) -> dict[str, str]:
        """How Tasks log in to it, in the words of templates."""
        if self.login.auth_secret:
            return {"auth_type": "aws_secret", "auth_secret": self.login.auth_secret}
        if self.login.role:
            return {"auth_type": "aws_assume_role", "assume_role_arn": self.login.role}
        method = getattr(self.session.get_credentials(), "method", "")
        return {"auth_type": _AUTH_TYPES.get(str(method), "aws_default_chain")}

    @property
    def global_region(self) -> str:
        """Where the account's global services are asked."""
        return _GLOBAL.get(self.partition, self.home)

    def offers(self, service: str, region: str) -> bool:
        """Whether a service exists in a region, as far as boto3 knows the region."""
        known = self.session.get_available_regions("ec2", self.partition)
        offered = self.session.get_available_regions(service, self.partition)
        return region in offered or region not in known or not offered

    def regions(self) -> dict[str, bool]:
        """Every region there is, and whether it is enabled for the account. Raises Failure."""
        listed = self.client("ec2").items(Call("describe_regions", "Regions", {"AllRegions": True}))
        return {text(one, "RegionName"): text(one, "OptInStatus") != "not-opted-in" for one in listed}

    def alias(self) -> str:
        """The account's alias; empty when it has none. Raises Failure."""
        listed = self.client("iam", self.global_region).items(Call("list_account_aliases", "AccountAliases"))
        return text(listed[0], "value") if listed else ""


def opened(login: Login) -> Account:
    """Log in and ask AWS who that is. Raises BadInput, Forbidden, Unreachable."""
    account = _started(login)
    try:
        _identify(account)
        if login.role:
            account = _assumed(account)
    except (Denied, Expired, Gone, Unknown) as err:
        raise Forbidden(str(err)) from err
    except Failure as err:
        raise Unreachable(str(err)) from err
    if login.account and account.id != login.account:
        raise Forbidden(f"The credentials are for the account {account.id}, not {login.account}. Use that account's.")
    return account


def _session() -> Any:
    session: Any = botocore.session.get_session()
    session.register_component("data_loader", _LOADER)
    return session


def expected(login: Login) -> str:
    """The account's number as far as the settings tell it without asking; empty when they do not."""
    if login.account or not login.role:
        return login.account
    parts = login.role.split(":")
    return parts[4] if len(parts) > 4 else ""


def _started(login: Login) -> Account:
    try:
        session: Any = boto3.Session(profile_name=login.profile or None, botocore_session=_session())
        credentials = session.get_credentials()
    except ProfileNotFound as err:
        raise BadInput(
            f"There is no AWS profile {login.profile!r}. List those there are: aws configure list-profiles"
        ) from err
    except BotoCoreError as err:
        raise Forbidden(
            f"The AWS credentials cannot be used ({type(err).__name__}). See: aws sts get-caller-identity"
        ) from err
    if credentials is None:
        raise Forbidden(
            "There are no AWS credentials. Set AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where "
            "a role is given."
        )
    home = login.region or session.region_name or "us-east-1"
    return Account(login, session, home, who=f"the profile {login.profile}" if login.profile else "the AWS credentials")


def _identify(account: Account) -> None:
    said = account.client("sts").items(Call("get_caller_identity", ""))[0]
    account.who, account.id = text(said, "Arn"), text(said, "Account")
    account.partition = account.who.split(":")[1] if account.who.startswith("arn:") else account.partition


def _assumed(account: Account) -> Account:
    """The account behind a role. Raises Failure."""
    login = account.login
    asked = {"RoleArn": login.role, "RoleSessionName": "runstone"}
    asked |= {"ExternalId": login.external_id} if login.external_id else {}
    given = account.client("sts").items(Call("assume_role", "Credentials", asked))[0]
    session: Any = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=account.home,
        botocore_session=_session(),
    )
    assumed = Account(login, session, account.home, who=login.role)
    _identify(assumed)
    return assumed
