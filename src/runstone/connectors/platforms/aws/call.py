"""One operation of one service in one region, in all its pages, and what AWS says instead of an answer, as sentences.

boto3 retries what may pass by itself (throttling, 5xx, lost connections); what is told here is what was left.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
)
from botocore.parsers import ResponseParserError

from runstone.connectors.platforms.aws.kinds import Call, Item, at

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_DENIED = frozenset({"UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "NotAuthorizedException"})
_UNKNOWN = frozenset(
    {
        "OptInRequired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "SubscriptionRequiredException",
        "InvalidAccessKeyId",
        "RegionDisabledException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "MissingAuthenticationToken",
    }
)
"""What services answer to wrong keys, and to good ones where the region or the service is not enabled."""
_THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
_NO_CONNECTION = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError, SSLError)
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""Where the prefix of IAM actions is not the name a service signs with (Service Authorization Reference)."""
_ACTIONS = {
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "apigateway:GetRestApis": "apigateway:GET",
    "apigateway:GetApis": "apigateway:GET",
}


def iam_action(signing_name: str, operation: str) -> str:
    """An operation of the API reference as IAM policies write it."""
    said = f"{_PREFIXES.get(signing_name, signing_name)}:{operation}"
    return _ACTIONS.get(said, said)


class Failure(Exception):
    """AWS gave no answer; the first argument is a sentence."""


class NoConnection(Failure):
    """There is nobody: whatever else is asked there will not be answered either."""


class Denied(Failure):
    """It may not be asked: permanent until someone grants it."""


class Expired(Failure):
    """The credentials are not valid any more."""


class Unknown(Failure):
    """AWS does not know the credentials: they are wrong, or not enabled where it was asked."""


class Gone(Failure):
    """What was asked about does not exist (any more)."""


class Absent(Failure):
    """AWS says by an error code that there is none."""


class Client:
    """A service of one account in one region."""

    def __init__(self, client: Any, who: str, timeout_s: float) -> None:
        """``client`` is boto3's; ``who`` the ARN it acts as."""
        self._client = client
        self._who = who
        self._timeout_s = timeout_s

    def items(self, call: Call, given: Mapping[str, Any] | None = None, *, first: bool = False) -> list[Item]:
        """What a call answers, of all pages or of the ``first``; empty for what is absent. Raises Failure."""
        try:
            pages = self._pages(call.operation, {**call.arguments, **(given or {})}, call.absent)
            found: list[Item] = []
            for page in pages:
                found += [one if isinstance(one, dict) else {"value": one} for one in at(page, call.items)]
                if first:
                    break
        except Absent:
            return []
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give its connections back."""
        self._client.close()

    def _pages(self, operation: str, arguments: Mapping[str, Any], absent: frozenset[str]) -> Iterator[Item]:
        try:
            if self._client.can_paginate(operation):
                yield from self._client.get_paginator(operation).paginate(**arguments)
            else:
                yield from self._followed(getattr(self._client, operation), arguments)
        except ClientError as err:
            raise self._refused(operation, err, absent) from err
        except (NoCredentialsError, CredentialRetrievalError, SSOError) as err:
            raise Expired(
                f"{self._who} could not fetch credentials for {self.action(operation)} ({type(err).__name__}). "
                "Log in again, such as by: aws sso login"
            ) from err
        except _NO_CONNECTION as err:
            place = self._client.meta.endpoint_url
            raise NoConnection(
                f"{place} cannot be reached for {self.action(operation)} ({type(err).__name__})."
            ) from err
        except HTTPClientError as err:
            place = self._client.meta.endpoint_url
            raise Failure(f"{place} did not answer {self.action(operation)} in {self._timeout_s:g} s.") from err
        except (BotoCoreError, ResponseParserError) as err:
            # The latter is none of the former: an answer that is not AWS's, such as a proxy's page.
            raise Failure(f"{self.action(operation)}{self._where} failed: {type(err).__name__}.") from err

    def _followed(self, ask: Callable[..., Item], arguments: Mapping[str, Any]) -> Iterator[Item]:
        """Pages of an operation for which boto3 has no paginator."""
        page = ask(**arguments)
        yield page
        while token := page.get("NextToken"):
            page = ask(**{**arguments, "NextToken": token})
            yield page

    def action(self, operation: str) -> str:
        """An operation as IAM policies write it."""
        meta = self._client.meta
        return iam_action(meta.service_model.signing_name, meta.method_to_api_mapping[operation])

    def _asked(self, operation: str, said: str) -> str:
        """What was refused: the operation, or what had to be called to get credentials for it."""
        return self.action(operation) if said == self._client.meta.method_to_api_mapping[operation] else f"sts:{said}"

    @property
    def _where(self) -> str:
        return f" in {self._client.meta.region_name}"

    def _refused(self, operation: str, err: ClientError, absent: frozenset[str]) -> Failure:
        """Told by its code alone: messages of AWS may quote what was asked with, and policies at length."""
        code = str(err.response.get("Error", {}).get("Code", ""))
        status = err.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        action = self._asked(operation, err.operation_name)
        if code in absent:
            return Absent(code)
        if code in _EXPIRED:
            return Expired(f"The credentials of {self._who} have expired ({code}). Log in again or renew them.")
        if code in _DENIED or code.startswith(("AccessDenied", "AuthorizationError")):
            return Denied(f"{self._who} may not call {action}{self._where}. Grant it to see what it lists.")
        if code in _UNKNOWN:
            return Unknown(
                f"AWS does not know {self._who} for {action}{self._where} ({code}). Check the keys; if they hold "
                "elsewhere, enable the region or service for the account, or leave the region out."
            )
        if code in _THROTTLED:
            return Failure(f"AWS throttled {action}{self._where} ({code}). The next round tries again.")
        if "NotFound" in code or "NonExistent" in code or code.startswith("NoSuch"):
            return Gone(f"{action}{self._where}: {code}.")
        return Failure(f"{action}{self._where} failed: {code or 'no error code'} (HTTP {status}).")
