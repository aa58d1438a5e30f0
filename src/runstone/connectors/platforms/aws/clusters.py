"""EKS clusters of an account: those named, and all of some regions, each with a kubeconfig. Blocking."""

from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError

from runstone.connectors import eks
from runstone.connectors.managed import Area, Managed, Seeking, Sought
from runstone.connectors.platforms.aws.account import Account
from runstone.connectors.platforms.aws.call import Failure, Gone
from runstone.connectors.platforms.aws.kinds import Call, text


def found(account: Account, seeking: Seeking, regions: tuple[str, ...]) -> Iterator[Managed | str]:
    """Clusters, and sentences on what could not be had. ``regions``: where to look if not told; none for all."""
    for one in seeking.named:
        yield _one(account, one.place or next(iter(regions), account.home), one.name, one)
    for region in _regions(account, seeking.areas, regions):
        if isinstance(region, Failure):
            yield f"The regions to look for EKS clusters in: {region}"
        else:
            yield from _all(account, region)


def _regions(account: Account, areas: Iterable[Area], regions: tuple[str, ...]) -> list[str | Failure]:
    named: list[str | Failure] = []
    for area in areas:
        try:
            named += [area.place] if area.place else regions or _enabled(account)
        except Failure as err:
            named.append(err)
    return list(dict.fromkeys(named))


def _enabled(account: Account) -> list[str]:
    return [region for region, enabled in account.regions().items() if enabled and account.offers("eks", region)]


def _all(account: Account, region: str) -> Iterator[Managed | str]:
    try:
        with account.client("eks", region) as client:
            names = [text(one, "value") for one in client.items(Call("list_clusters", "clusters"))]
    except Failure as err:
        yield f"EKS clusters of the account {account.id}: {err}"
        return
    for name in names:
        yield _one(account, region, name, None)


def _one(account: Account, region: str, name: str, sought: Sought | None) -> Managed | str:
    what = f"The EKS cluster {name} in {region} of the account {account.id}"
    try:
        with account.client("eks", region) as client:
            described = client.items(Call("describe_cluster", "cluster", {"name": name}))[0]
        kubeconfig = eks.kubeconfig(account.session, region, described)
    except Gone:
        return f"{what} is not there. Correct its name or region in eksClusters, or take it out."
    except Failure as err:
        return f"{what} could not be asked for: {err}"
    except (KeyError, IndexError):
        return f"{what} has no endpoint (yet). The next round looks again."
    except BotoCoreError as err:
        return f"{what}: no token can be signed ({type(err).__name__}). Renew the credentials."
    said = {"cluster_type": "eks", "cluster_name": name, "region": region, "account_id": account.id}
    attributes = {**said, "cluster_arn": text(described, "arn"), **account.auth}
    return Managed(name, account.id, region, attributes, kubeconfig, sought)
