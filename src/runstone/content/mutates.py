"""Whether a command changes what it looks at: read off its words, one rule per program.

*Changes* means state that others see: a cluster, a cloud, a database, a repository, a remote machine. Files on the
machine that runs the Task, local configuration (``kubectl config``, ``az account set``, ``gcloud config``, ``git
clone``) and credentials (``login``) are no change. A dry run is none. The rules follow the programs' own manuals. What
cannot be told from the words (a verb in a variable) counts as no change: the Task's ``access`` tag has the last word.
"""

import re
from collections.abc import Callable, Sequence

Words = Sequence[str]
"""A command's words, the program first, quotes removed, variables replaced where their value is known."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def changes(words: Words, stdin: str = "", remote: bool = False) -> bool:
    """Whether the command changes something. ``remote``: it runs inside a pod or on another machine."""
    program = words[0].rpartition("/")[2]
    rule = _RULES.get(program)
    if rule and rule([program, *words[1:]], stdin):
        return True
    return remote and program in _REMOTE and not _harmless(words)


def knows(program: str) -> bool:
    """Whether there is a rule for the program."""
    return program in _RULES


def sql_changes(text: str) -> bool:
    """Whether a statement of the SQL text writes, or ends another's session."""
    bare = re.sub(r"--[^\n]*|/\*(?:.*?\*/|.*\Z)", " ", text, flags=re.DOTALL)
    bare = re.sub(r"'(?:[^']|'')*+'?", "''", bare)
    if re.search(
        r"\bpg_(?:terminate|cancel)_backend\s*\(|\bpg_(?:promote|reload_conf|switch_wal)\s*\(", bare, re.IGNORECASE
    ):
        return True
    return any(_SQL_WRITES.match(statement) for statement in bare.split(";"))


_SQL_WRITES = re.compile(
    r"\s*(?:EXPLAIN\s+ANALYZE\s+)?(?:WITH\b.*\b)?(?:INSERT\s+(?:INTO|OVERWRITE)|UPDATE\s+[\w.\"`\[\]]+\s+SET|"
    r"DELETE\s+FROM|MERGE\s+INTO|REPLACE\s+INTO|TRUNCATE\s|(?:DROP|ALTER)\s+(?!\w+\s*\()\w|"
    r"CREATE\s+(?!TEMP)(?:OR\s+REPLACE\s+)?\w+\s+\w|GRANT\s+\w|REVOKE\s+\w|VACUUM\b|REINDEX\b|CLUSTER\b|KILL\s+\w)",
    re.IGNORECASE | re.DOTALL,
)

# Words of a command


def _bare(words: Words, valued: frozenset[str] = frozenset()) -> list[str]:
    """The words that are no options; ``valued`` options take the word after them along."""
    found: list[str] = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            skip = word in valued
        else:
            found.append(word)
    return found


def _path(words: Words) -> list[str]:
    """The subcommands before the first option, as az and gcloud write them."""
    found: list[str] = []
    for word in words[1:]:
        if word.startswith("-"):
            break
        found.append(word)
    return found


def _option(words: Words, *names: str) -> str:
    """The value of the first option of these names; empty when there is none."""
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else "".join(words[place + 1 : place + 2])
    return ""


def _has(words: Words, *flags: str) -> bool:
    return any(word.partition("=")[0] in flags for word in words)


def _dry(words: Words) -> bool:
    return any(
        (word.startswith("--dry-run") and word not in ("--dry-run=none", "--dry-run=false"))
        or word in ("--dryrun", "--help", "-h")
        for word in words
    )


# Kubernetes

_KUBE_VALUED = _words(
    "-n --namespace --context --kubeconfig --cluster --user -s --server --token --as --as-group "
    "--request-timeout --certificate-authority --client-key --client-certificate -l --selector -o "
    "--output -f --filename -c --container --field-selector --type -p --patch --replicas --timeout"
)
_KUBE_CHANGES = _words(
    "delete scale patch apply create replace edit annotate label cordon uncordon drain taint set expose "
    "autoscale run debug new-app new-project new-build start-build cancel-build import-image tag rollback"
)
_KUBE_SECOND = {
    "rollout": {"restart", "undo", "pause", "resume", "retry", "cancel", "latest"},
    "certificate": {"approve", "deny"},
    "auth": {"reconcile"},
    "adm": {"cordon", "uncordon", "drain", "taint", "policy", "prune", "migrate", "certificate", "upgrade"},
    "argo": set[str](),
}


def _kubectl(words: Words, stdin: str) -> bool:
    if "--" in words:
        words = words[: list(words).index("--")]
    bare = _bare(words, _KUBE_VALUED)
    verb, second = (*bare, "", "")[:2]
    if not verb or _dry(words) or _has(words, "--list"):
        return False
    if verb in _KUBE_SECOND:
        return second in _KUBE_SECOND[verb]
    if verb == "cp":
        return ":" in bare[-1] and len(bare) > 2
    reads = (verb, second) in {("create", "token"), ("apply", "view-last-applied"), ("set", "")}
    return verb in _KUBE_CHANGES and not reads


def _helm(words: Words, stdin: str) -> bool:
    valued = frozenset(("-n", "--namespace", "--kube-context", "--kubeconfig"))
    return not _dry(words) and _first(words, valued) in {
        "install",
        "upgrade",
        "rollback",
        "uninstall",
        "delete",
        "push",
    }


def _first(words: Words, valued: frozenset[str] = frozenset()) -> str:
    return (_bare(words, valued) or [""])[0]


def _flux(words: Words, stdin: str) -> bool:
    verbs = {"reconcile", "suspend", "resume", "create", "delete", "bootstrap", "install", "uninstall"}
    return not _has(words, "--export", "--dry-run") and _first(words, _KUBE_VALUED) in verbs


def _argocd(words: Words, stdin: str) -> bool:
    noun, verb = (*_bare(words), "", "")[:2]
    verbs = {"sync", "rollback", "delete", "set", "unset", "create", "patch", "add", "rm", "edit", "terminate-op"}
    return noun in {"app", "appset", "proj", "repo", "cluster", "account"} and verb in verbs and not _dry(words)


def _terraform(words: Words, stdin: str) -> bool:
    verb, second = (*_bare(words), "", "")[:2]
    if verb in ("state", "workspace"):
        return second in {"rm", "mv", "push", "new", "delete", "replace-provider"}
    return verb in {"apply", "destroy", "import", "taint", "untaint", "force-unlock", "refresh"}


# Clouds

_CLOUD_VERBS = re.compile(
    r"(?:create|delete|update|restart|start|stop|deallocate|set|scale|add|remove|reset|swap|deploy|purge|import|"
    r"upgrade|rotate|renew|regenerate|reimage|redeploy|enable|disable|move|approve|reject|upload|upload-batch|sync|"
    r"undelete|recover|restore|failover|attach|detach|assign|unassign|invoke|cancel|revoke|grant|patch|suspend|resume|"
    r"resize|promote|promote-replica|publish|write|call|clone|reboot|simulate-eviction|execute|undeploy|terminate|"
    r"invalidate-cache|rollback|recreate-instances|register|unregister|delete-instances|create-instances|run|queue|"
    r"(?:add|remove|set|enable|disable|create|delete|update|start|stop)-[\w-]+)$"
)
_AZ_LOCAL = {"account", "config", "configure", "login", "logout", "extension", "cloud", "cache", "upgrade", "find"}
_GCLOUD_LOCAL = {"auth", "config", "components", "info", "init", "version", "topic"}
_QUERY_VERBS = {"query", "list", "show", "search", "describe", "get"}


def _az(words: Words, stdin: str) -> bool:
    path = _path(words)
    if not path or _dry(words) or path[0] in _AZ_LOCAL or path[:2] == ["devops", "configure"]:
        return False
    if path[0] == "rest":
        return _http(_option(words, "--method", "-m"), words)
    if path[:2] == ["devops", "invoke"]:
        return _http(_option(words, "--http-method"), words)
    if path[1:3] == ["run-command", "invoke"] or path[:2] == ["aks", "command"]:
        return False  # what it runs is judged as a command of its own
    return (path[:2] == ["webapp", "log"] and path[-1] == "config") or bool(_CLOUD_VERBS.match(path[-1]))


def _gcloud(words: Words, stdin: str) -> bool:
    path = [word for word in _path(words) if word not in ("alpha", "beta")]
    if not path or _dry(words) or path[0] in _GCLOUD_LOCAL or _has(words, "--validate-only"):
        return False
    if "execute-sql" in path:
        return sql_changes(_option(words, "--sql") or stdin)
    if path[0] == "storage" and path[1:2]:
        return _copies(path[1], _bare(words), "gs://")
    if path[:3] == ["composer", "environments", "run"]:
        return bool(set(words) & {"trigger", "pause", "unpause", "delete", "clear", "set", "add"})
    # A verb stands after at least one noun; what follows it names the thing: gcloud run services update NAME.
    return any(_CLOUD_VERBS.match(word) for word in path[1:5])


def _copies(verb: str, bare: Words, scheme: str) -> bool:
    if verb in ("cp", "mv", "rsync", "sync"):
        return bare[-1].startswith(scheme) or verb == "mv"
    return verb in {"rm", "mb", "rb", "iam", "setmeta", "acl", "lifecycle", "rewrite"}


def _gsutil(words: Words, stdin: str) -> bool:
    bare = _bare(words)
    if bare[:1] in (["iam"], ["acl"], ["lifecycle"], ["versioning"], ["cors"]):
        return bare[1:2] in (["set"], ["ch"])
    return bool(bare) and _copies(bare[0], bare, "gs://")


def _bq(words: Words, stdin: str) -> bool:
    bare = _bare(words)
    if bare[:1] == ["query"] or _has(words, "--query"):
        return sql_changes(" ; ".join([*bare[1:], stdin])) or _has(words, "--destination_table")
    return bool(bare) and bare[0] in {
        "rm",
        "mk",
        "update",
        "cp",
        "load",
        "insert",
        "cancel",
        "truncate",
        "set-iam-policy",
    }


_AWS_VALUED = frozenset(("--region", "--profile", "--output", "--query", "--endpoint-url", "--cli-read-timeout"))
_AWS_VERBS = re.compile(
    r"(?:create|delete|update|put|modify|terminate|stop|start|reboot|restore|attach|detach|associate|disassociate|add|"
    r"remove|set|tag|untag|enable|disable|run|send|publish|invoke|reset|cancel|copy|register|deregister|revoke|"
    r"authorize|release|allocate|purge|change|import|rotate|replace|execute|failover|promote|deploy|upload|complete|"
    r"abort|suspend|resume|rebuild|change|subscribe|unsubscribe|write|batch-(?:write|delete)|redrive)(?:-|$)"
)
_AWS_READS = {
    *("start-query", "stop-query", "start-query-execution", "start-live-tail", "update-kubeconfig", "start-session"),
    *("get-query-results", "start-policy-generation", "invoke-model"),
}


def _aws(words: Words, stdin: str) -> bool:
    bare = [*_bare(words, _AWS_VALUED), "", ""]
    service, operation = bare[:2]
    if service == "configure" or _dry(words):
        return False
    if service == "s3":
        return _copies(operation, [word for word in bare[2:] if word] or [""], "s3://")
    if operation == "execute-statement":
        return sql_changes(_option(words, "--sql", "--statement"))
    return operation not in _AWS_READS and bool(_AWS_VERBS.match(operation))


# HTTP

_QUERYING = re.compile(
    r"graphql|[/:_.-](?:query|analytics|metrics|logs|traces|search|list|events|fetch|report|preview|evaluate|analy[sz]e|filter|count|find|lookup|wiql|"
    r"resources?changes|batchget\w*|aggregate\w*|predict|rawpredict|generatecontent|get\w*|summari[sz]e|validate|"
    r"testiampermissions|statistics)\b|query_?range|/ds/query|oauth|[/_-]tokens?\b|/login|/auth\b|/authorize|"
    r"permissionsbatch|chat/completions|/v1/(?:messages|embeddings|completions)",
    re.IGNORECASE,
)
_CURL_DATA = (
    *("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii", "--json", "-F", "--form"),
)


def _http(method: str, words: Words) -> bool:
    """A request that is more than a question. A POST that asks (a query, a search, a token) is a read."""
    method = method.strip("\"'").upper()
    if method in ("PUT", "PATCH", "DELETE"):
        return True
    text = " ".join(words)
    if method != "POST" or re.search(r"\bmutation\b\W*[\w({]", text):
        return method == "POST"
    if re.search(r"[\"']query[\"']\s*:", text):
        return False
    address = " ".join(word for word in words if "/" in word or word.startswith("$"))
    # Where only the last part of the address is unknown, what is asked for is too.
    told = not re.search(r"://[\w.-]+/\S*(?:\$\(\)|\$\{?\w+\}?)(?=\s|$)", address)
    return told and not _QUERYING.search(address)


def _curl(words: Words, stdin: str) -> bool:
    return _http(_curl_method(words), words)


def _curl_method(words: Words) -> str:
    said = _option(words, "-X", "--request")
    joined = next((word[2:] for word in words if word.startswith("-X") and len(word) > 2), "")
    short = next((words[at + 1] for at, word in enumerate(words[:-1]) if re.fullmatch(r"-[a-zA-Z]+X", word)), "")
    if said or joined or short:
        return said or joined or short
    if _has(words, "-G", "--get", "-I", "--head"):
        return "GET"
    if _has(words, "-T", "--upload-file"):
        return "PUT"
    return "POST" if _has(words, *_CURL_DATA) else "GET"


def _wget(words: Words, stdin: str) -> bool:
    posts = _has(words, "--post-data", "--post-file")
    return _http(_option(words, "--method") or ("POST" if posts else "GET"), words)


# Repositories, databases, machines


def _git(words: Words, stdin: str) -> bool:
    return _first(words, frozenset(("-C", "-c"))) in {"push", "commit"} and not _dry(words)


def _gh(words: Words, stdin: str) -> bool:
    noun, verb = (*_bare(words), "", "")[:2]
    if noun == "api":
        fields = _has(words, "-f", "-F", "--field", "--raw-field", "--input")
        return _http(_option(words, "-X", "--method") or ("POST" if fields else "GET"), words)
    verbs = {
        "create",
        "merge",
        "close",
        "edit",
        "comment",
        "rerun",
        "cancel",
        "delete",
        "run",
        "enable",
        "disable",
        "set",
    }
    return verb in verbs and noun not in ("auth", "config", "extension")


def _sql(*options: str) -> Callable[[Words, str], bool]:
    def rule(words: Words, stdin: str) -> bool:
        joined = [word[2:] for word in words if word[:2] in options and len(word) > 2]
        given = [words[at + 1] for at, word in enumerate(words[:-1]) if word in options]
        named = [word.partition("=")[2] for word in words if word.partition("=")[0] in options]
        # psql -Atqc: the last of joined short options may be the one with the text.
        bundled = [
            words[at + 1]
            for at, word in enumerate(words[:-1])
            if re.fullmatch(r"-[A-Za-z0-9]+c", word) and "-c" in options
        ]
        return any(sql_changes(text) for text in (*joined, *given, *named, *bundled, stdin))

    return rule


_REDIS_WRITES = _words(
    "set setex setnx mset append del unlink expire persist rename incr decr lpush rpush lpop rpop sadd "
    "srem zadd zrem hset hmset hdel flushall flushdb save bgsave bgrewriteaof shutdown failover replicaof "
    "slaveof publish eval restore migrate xadd xdel xtrim getset"
)


def _redis(words: Words, stdin: str) -> bool:
    bare = [word.lower() for word in _bare(words, frozenset(("-h", "-p", "-a", "-n", "-u", "--user", "--pass", "-s")))]
    verb, second = (*bare, "", "")[:2]
    if verb in ("config", "cluster", "client", "acl", "script"):
        writes = {
            "set",
            "resetstat",
            "rewrite",
            "reset",
            "failover",
            "forget",
            "meet",
            "kill",
            "pause",
            "setuser",
            "flush",
        }
        return second in writes
    return verb in _REDIS_WRITES or any(
        line.split()[:1] and line.split()[0].lower() in _REDIS_WRITES for line in stdin.splitlines()
    )


def _verbs(*verbs: str, second: bool = False) -> Callable[[Words, str], bool]:
    """A program whose first bare word (or one of the first two) is what it does."""

    def rule(words: Words, stdin: str) -> bool:
        return bool(set(_bare(words)[: 2 if second else 1]) & set(verbs)) and not _dry(words)

    return rule


_RULES: dict[str, Callable[[Words, str], bool]] = {
    "kubectl": _kubectl,
    "oc": _kubectl,
    "k3s": lambda words, stdin: words[1:2] == ["kubectl"] and _kubectl(words[1:], stdin),
    "helm": _helm,
    "flux": _flux,
    "argocd": _argocd,
    "terraform": _terraform,
    "tofu": _terraform,
    "az": _az,
    "gcloud": _gcloud,
    "gsutil": _gsutil,
    "bq": _bq,
    "aws": _aws,
    "curl": _curl,
    "wget": _wget,
    "git": _git,
    "gh": _gh,
    "psql": _sql("-c", "--command"),
    "mysql": _sql("-e", "--execute"),
    "mariadb": _sql("-e", "--execute"),
    "sqlcmd": _sql("-Q", "-q"),
    "clickhouse-client": _sql("-q", "--query"),
    "redis-cli": _redis,
    "patronictl": _verbs(
        *("restart", "reinit", "failover", "switchover", "reload", "pause", "resume", "edit-config", "remove", "flush")
    ),
    "istioctl": _verbs("install", "uninstall", "upgrade", "apply"),
    "velero": _verbs("create", "delete", second=True),
    "vault": _verbs(
        "write", "delete", "put", "seal", "unseal", "revoke", "enable", "disable", "step-down", second=True
    ),
    "consul": _verbs("put", "delete", "leave", "force-leave", second=True),
    "etcdctl": _verbs("put", "del", "defrag", "compact", "move-leader", "lease"),
    "airflow": _verbs("trigger", "pause", "unpause", "delete", "clear", second=True),
    "skopeo": _verbs("copy", "delete", "sync"),
    "crane": _verbs("copy", "delete", "push", "tag"),
    "docker": _verbs("push"),
    "systemctl": _verbs("start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "kill"),
    "service": lambda words, stdin: bool(set(words[2:3]) & {"start", "stop", "restart", "reload"}),
}

_REMOTE = _words(
    "rm mv cp dd touch tee truncate kill pkill killall mkdir rmdir chmod chown ln shred mkfs fallocate "
    "reboot shutdown stress stress-ng apt apt-get yum dnf apk pip npm pg_ctl nginx"
)
"""Programs that change the machine they run on; a change only where that machine is another's."""


_SCRATCH = re.compile(r"[/]tmp/|/dev/null$|-")


def _harmless(words: Words) -> bool:
    """What of those still only looks: ``kill -0``, ``nginx -t``, output to nowhere or to a scratch file."""
    rest = set(words[1:])
    if words[0] in ("kill", "pkill"):
        return bool(rest & {"-0", "-l", "-3", "-QUIT"})
    if words[0] in ("nginx", "pip", "npm", "apt", "apt-get", "apk", "yum", "dnf"):
        return not rest & {"install", "remove", "upgrade", "add", "del", "uninstall", "-s"}
    if words[0] == "tee":
        return all(_SCRATCH.match(word) for word in words[1:])
    return words[0] == "cp" and words[-1] == "/dev/null"
