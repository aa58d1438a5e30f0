"""Tags of what does not say its own: the tag index of a region, read once a round, when first needed. Blocking."""

import threading
from dataclasses import dataclass, field

from runstone.connectors.platforms.aws.account import Account
from runstone.connectors.platforms.aws.call import Failure
from runstone.connectors.platforms.aws.collect import tags_of
from runstone.connectors.platforms.aws.kinds import Call, text

_INDEX = Call("get_resources", "ResourceTagMappingList", {"ResourcesPerPage": 100})
"""The Resource Groups Tagging API answers for all services of a region, a hundred resources a page."""
Tags = dict[str, dict[str, str]]


@dataclass
class TagIndex:
    """Tags by ARN, region by region; a failure is kept too, so that it costs one call."""

    account: Account
    _read: dict[str, Tags | Failure] = field(default_factory=dict[str, Tags | Failure])
    _locks: dict[str, threading.Lock] = field(default_factory=dict[str, threading.Lock])
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def of(self, region: str) -> Tags:
        """All tags of a region. Raises Failure."""
        with self._guard:
            lock = self._locks.setdefault(region, threading.Lock())
        with lock:
            if region not in self._read:
                self._read[region] = self._asked(region)
        found = self._read[region]
        if isinstance(found, Failure):
            raise found
        return found

    def _asked(self, region: str) -> Tags | Failure:
        try:
            listed = self.account.client("resourcegroupstaggingapi", region).items(_INDEX)
        except Failure as err:
            return err
        return {text(one, "ResourceARN"): tags_of(one, "Tags") for one in listed}
