"""Types that have no row of their own, from AWS Resource Explorer where an account has it. Blocking.

It knows that things exist and nothing of their state. An index that covers all regions (an aggregator) is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runstone.connectors.kept import Object
from runstone.connectors.platforms.aws.account import Account
from runstone.connectors.platforms.aws.collect import tags_of
from runstone.connectors.platforms.aws.kinds import Call, Item, Kind, text
from runstone.connectors.platforms.aws.shape import Place, shaped

_SERVICE = "resource-explorer-2"
_INDEXES = Call("list_indexes", "Indexes", {"Type": "AGGREGATOR"})


class NoExplorer(Exception):
    """The account has no index over all regions."""


@dataclass(frozen=True)
class Listed:
    """What Resource Explorer has of one type named by a rule, by region."""

    type: str
    kind: str
    regions: dict[str, list[Object]]


def listed(account: Account, account_name: str, types: Sequence[str]) -> list[Listed]:
    """What there is of each type; a type of which there is nothing comes with no region. Raises Failure, NoExplorer."""
    indexes = account.client(_SERVICE).items(_INDEXES)
    if not indexes:
        raise NoExplorer
    client = account.client(_SERVICE, text(indexes[0], "Region"))
    items: dict[str, list[Item]] = {}
    for type_ in types:
        service = _parts(type_)[0]
        if service not in items:
            items[service] = client.items(
                Call("list_resources", "Resources", {"Filters": {"FilterString": f"service:{service}"}})
            )
    return [_found(account, account_name, type_, items[_parts(type_)[0]]) for type_ in types]


def _found(account: Account, account_name: str, type_: str, items: Sequence[Item]) -> Listed:
    regions: dict[str, list[Object]] = {}
    kind = kind_of(type_)
    for item in items:
        if not answers(text(item, "ResourceType"), type_) or text(item, "OwningAccountId") not in ("", account.id):
            continue
        region = text(item, "Region")
        namespace = "" if region == "global" else region
        asked = namespace or account.global_region
        place = Place(account.partition, account.id, account_name, asked, namespace, account.auth)
        regions.setdefault(namespace, []).append(shaped(kind, item, _tags(item), place))
    return Listed(type_, kind.kind, regions)


def kind_of(type_: str) -> Kind:
    """The row a type without one is shaped by: ``aws_kms_keys`` becomes KmsKeys."""
    service, noun = _parts(type_)
    return Kind(
        type=type_,
        kind="".join(word.capitalize() for word in (service, *noun.split("_"))),
        service=service,
        steps=(),
        name=("Arn|",),
        arn="Arn",
        fields=("ResourceType", "Service", "LastReportedAt"),
        health=lambda _: ("unknown", ""),
    )


def answers(resource_type: str, type_: str) -> bool:
    """Whether Resource Explorer's ``kms:key`` is what rules call ``aws_kms_keys``."""
    service, _, noun = resource_type.partition(":")
    said = noun.replace("-", "_").replace("/", "_").lower()
    plurals = {said, f"{said}s", f"{said}es", f"{said.removesuffix('y')}ies"}
    wanted_service, wanted = _parts(type_)
    return service.replace("-", "") == wanted_service and wanted in plurals


def _parts(type_: str) -> tuple[str, str]:
    service, _, noun = type_.removeprefix("aws_").partition("_")
    return service, noun


def _tags(item: Item) -> dict[str, str]:
    told = [one for one in item.get("Properties") or [] if str(one.get("Name", "")).lower() == "tags"]
    return tags_of({"told": told}, "told.Data")
