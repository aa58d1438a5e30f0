"""Types that rules name and the table does not have: which of Azure's own types such a name means.

A name is that of a CloudQuery table, ``azure_<service>_<things>``. The service is mostly the provider's own name; Azure
itself is asked which types the provider has.
"""

from runstone.connectors.platforms.azure.graph import Graph
from runstone.connectors.platforms.azure.kinds import Kind
from runstone.connectors.platforms.azure.looks import exists

_PROVIDERS = {
    "appservice": "Web",
    "applicationinsights": "Insights",
    "azurearcdata": "AzureArcData",
    "containerapps": "App",
    "cosmos": "DocumentDB",
    "dnsresolver": "Network",
    "frontdoor": "Network",
    "machinelearning": "MachineLearningServices",
    "monitor": "Insights",
    "mysql": "DBforMySQL",
    "mysqlflexibleservers": "DBforMySQL",
    "postgresql": "DBforPostgreSQL",
    "postgresqlflexibleservers": "DBforPostgreSQL",
    "postgresqlhsc": "DBforPostgreSQL",
    "privatedns": "Network",
    "redhatopenshift": "RedHatOpenShift",
}
"""Providers by the services of CloudQuery's names, where they are not called the same."""


async def derived(type_: str, subscription: str, graph: Graph) -> Kind | None:
    """The row a name stands for; None when Azure has no type that it could be. Raises Failure."""
    service, _, things = type_.removeprefix("azure_").partition("_")
    known = await graph.types(subscription, f"Microsoft.{_PROVIDERS.get(service, service)}")
    return next((_row(type_, one) for one in known if means(one, things)), None)


def means(arm: str, things: str) -> bool:
    """Whether ``access_connectors`` is what Azure calls ``Microsoft.Databricks/accessConnectors``."""
    said = _compact(arm.partition("/")[2])
    return bool(said) and _compact(things) in (said, said.removesuffix("s"), f"{said}s")


def _compact(name: str) -> str:
    return name.replace("_", "").replace("/", "").lower()


def _row(type_: str, arm: str) -> Kind:
    return Kind(type=type_, kind="".join(word.capitalize() for word in type_.split("_")), arm=arm, health=exists)
