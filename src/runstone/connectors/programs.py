"""Which programs a container starts, told from its command without keeping any of the command's other words. Pure.

A word in the place of a program is a name and no value; all else of a command, which may be anything, is dropped.
"""

import re
import shlex
from collections.abc import Iterator, Sequence

_NAME = re.compile(r"^[a-zA-Z][a-zA-Z0-9_.+-]{0,40}$")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_STARTERS = frozenset({
    "tini", "dumb-init", "exec", "env", "nohup", "nice", "su-exec", "gosu", "sudo", "time", "catatonit", "s6-svscan",
    "init", "set", "docker-entrypoint.sh", "entrypoint.sh", "ddtrace-run", "opentelemetry-instrument", "newrelic-admin",
})  # fmt: skip
"""Programs that only start the one that matters."""
_LAUNCHERS = {
    "python": "-m", "python3": "-m", "bundle": "exec", "poetry": "run", "pipenv": "run", "uv": "run", "pnpm": "exec",
    "npx": "", "yarn": "",
}  # fmt: skip
"""Programs that start another one by its name, and the word between."""
_BUILTINS = frozenset({
    "export", "echo", "cd", "sleep", "if", "then", "else", "fi", "while", "until", "do", "done", "for", "test", "true",
    "exit", "trap", "mkdir", "chmod", "chown", "cp", "mv", "rm", "ln", "cat", "touch", "source",
    "umask", "printf", "read",
})  # fmt: skip
"""Words in the place of a program that tell nothing of what runs."""
_PLAIN = frozenset({
    "python", "python3", "java", "node", "npm", "yarn", "bundle", "ruby", "php", "dotnet", "gunicorn", "uvicorn",
    "uwsgi", "celery", "sidekiq", "puma", "rails", "flask", "nginx", "redis-server", "postgres", "mysqld", "mongod",
    "airflow", "mlflow", "bash", "sh",
})  # fmt: skip
"""Programs that are taken for one as the first argument of an image's own program, too: no value is called so."""
_SCRIPTS = {"manage.py": "django", "artisan": "laravel", "rails": "rails", "catalina.sh": "catalina.sh"}
"""Scripts that start a framework, and its name."""
_MOST = 4
_LONGEST = 20_000


def started(command: Sequence[object], arguments: Sequence[object]) -> list[str]:
    """Names of the programs that a container's ``command`` and ``args`` start, at most four.

    Without a command the arguments go to a program that the image names: of them only well-known ones are told.
    """
    words = [str(word) for word in (*command, *arguments)]
    told = command or (words and words[0].rsplit("/", 1)[-1] in _PLAIN)
    found = _programs(words, nested=False) if told else _scripts(words)
    return list(dict.fromkeys(found))[:_MOST]


def _programs(words: Sequence[str], *, nested: bool) -> Iterator[str]:
    name, rest = _first(words)
    if name in _SHELLS:
        script = next((word for word in rest if not word.startswith("-")), "")
        if not nested and any(re.fullmatch(r"-\w*c", word) for word in rest):
            yield from _script(script)
    elif _NAME.match(name) and name not in _BUILTINS:
        yield name
        yield from _launched(name, rest)
        yield from _scripts([name, *rest])


def _first(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The name of the program that matters, and the words after it."""
    for place, word in enumerate(words):
        name = word.rsplit("/", 1)[-1]
        skipped = name in _STARTERS or not name or "=" in word or (place > 0 and word.startswith("-"))
        if not skipped:
            return name, words[place + 1 :]
    return "", ()


def _launched(name: str, rest: Sequence[str]) -> Iterator[str]:
    between = _LAUNCHERS.get(name)
    if between is None or not rest or (between and rest[0] != between):
        return
    launched = next(iter(rest[1:] if between else rest), "")
    if _NAME.match(launched):
        yield launched.partition(".")[0] if between == "-m" else launched


def _scripts(words: Sequence[str]) -> Iterator[str]:
    return (_SCRIPTS[name] for word in words[:3] if (name := word.rsplit("/", 1)[-1]) in _SCRIPTS)


def _script(text: str) -> Iterator[str]:
    """The programs of a shell's script, command by command."""
    for line in re.split(r"[\n;|&]+", text[:_LONGEST]):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        yield from _programs(words, nested=True)
