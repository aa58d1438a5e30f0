"""Types that rules name and the table does not have: which asset type such a name means. Pure.

A name is that of a CloudQuery table, ``gcp_<service>_<things>``; an asset type is the service's address and what one of
the things is called, ``alloydb.googleapis.com/Backup``. Whether there is such a type, Cloud Asset Inventory says.
"""

from runstone.connectors.platforms.gcp.kinds import Kind

_SERVICES = {
    "bigquerydatatransfer": "bigquerydatatransfer",
    "billing": "cloudbilling",
    "databasemigration": "datamigration",
    "filestore": "file",
    "functions": "cloudfunctions",
    "functionsv2": "cloudfunctions",
    "kms": "cloudkms",
    "networkintelligencecenter": "networkmanagement",
    "resourcemanager": "cloudresourcemanager",
    "sql": "sqladmin",
    "videotranscoder": "transcoder",
}
"""Services by the words of CloudQuery's names, where they are not called the same."""


def derived(type_: str) -> Kind | None:
    """The row a name stands for; None when it names no things of a service."""
    service, _, things = type_.removeprefix("gcp_").partition("_")
    if not service or not things:
        return None
    one = "".join(word.capitalize() for word in singular(things).split("_"))
    asset = f"{_SERVICES.get(service, service)}.googleapis.com/{one}"
    return Kind(type=type_, kind="".join(word.capitalize() for word in type_.split("_")), asset=asset)


def singular(things: str) -> str:
    """``dns_policies`` as ``dns_policy``, ``addresses`` as ``address``, ``databases`` as ``database``."""
    if things.endswith("ies"):
        return f"{things[:-3]}y"
    if things.endswith(("sses", "xes", "ches")):
        return things[:-2]
    return things[:-1] if things.endswith("s") and not things.endswith("ss") else things
