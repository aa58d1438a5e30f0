"""Which searches of a Task's source are for error texts, and how they are written down."""

import pytest

from runstone.catalog import patterns
from runstone.model.content import SourceFile


def told(script: str, suite: str = "", **others: str) -> tuple[str, ...]:
    files = [SourceFile(name="runbook.robot", text=suite), SourceFile(name="look.sh", text=script)]
    return patterns.of([*files, *(SourceFile(name=f"{name}.sh", text=text) for name, text in others.items())])


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("kubectl get pods | grep -iE 'CrashLoop|OOMKilled'", ("CrashLoop|OOMKilled",)),
        ('grep -q "Liveness probe failed" <<< "$messages"', ("Liveness probe failed",)),
        ("grep -c 'connection refused' app.log", ("connection refused",)),
        ("grep -e 'no space' -e 'disk full' app.log", ("no space|disk full",)),
        ("grep -A5 -m 1 --color=never 'too many connections' app.log", ("too many connections",)),
        ("bash -c \"kubectl logs web | grep 'permission denied'\"", ("permission denied",)),
        ("jq 'select(.message | test(\"FailedMount\"))'", ("FailedMount",)),
        ("jq 'select(.message | contains(\"Out of memory\"))'", ("Out of memory",)),
        ('if [[ $line =~ "x509: certificate has expired" ]]; then exit 1; fi', ("x509: certificate has expired",)),
    ],
)
def test_a_text_that_tells_a_fault_is_kept(script: str, expected: tuple[str, ...]) -> None:
    assert told(script) == expected


@pytest.mark.parametrize(
    "script",
    [
        "grep -q '${NAME} failed' list",
        'grep -q "$(basename $file) failed" list',
        "grep -c '^$' list",
        "grep -v 'connection refused' app.log",
        "grep -Ev 'connection refused' app.log",
        "grep --invert-match 'connection refused' app.log",
        "grep -o 'failed jobs: [0-9]*' list | cut -d: -f2",
        "grep -oE 'TimeoutError' list | awk '{print $1}'",
        "grep -oP 'lost: \\K[0-9]+' list",
        """grep '"failedPods":[0-9]*' list""",
        "grep '^x-error-token:' headers",
        "grep -q '__fetch_error__' list",
        "jq 'select(.x | test(\"a\\\\\\\\.failed pod\"))'",
        "grep -iE 'error|failed|warning|denied|not found' app.log",
        "grep -i 'karpenter' app.log",
        "grep -E 'Created container|Successfully assigned|no changes since then' events",
        "jq 'select(.message | test(\"FailedMount\") | not)'",
        "# grep 'connection refused'",
        "echo nothing",
    ],
)
def test_plumbing_and_general_words_are_not(script: str) -> None:
    assert told(script) == ()


def test_only_the_alternatives_that_tell_something_are_kept() -> None:
    script = "grep -E '(quota|error|ZONE_POOL_EXHAUSTED|disk|disk full)' app.log"
    assert told(script) == ("ZONE_POOL_EXHAUSTED|disk full",)
    assert told("grep -E 'unauthorized|401|tf400813|password' app.log") == ("unauthorized|401|tf400813",)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("grep 'pull failed\\|ErrImagePull' events", "pull failed|ErrImagePull"),
        ("grep 'failed (core dumped)' events", r"failed \(core dumped\)"),
        ("grep -E '(pull|push) failed' events", "(pull|push) failed"),
        ("grep -F 'app.log is missing' events", r"app\.log is missing"),
        ('[[ $line =~ "pull failed (502)" ]]', r"pull failed \(502\)"),
    ],
)
def test_each_is_written_as_one_kind_of_expression(script: str, expected: str) -> None:
    assert told(script) == (expected,)


HELPER = """
used() { inner "$1"; }
inner() { grep -q 'connection refused' "$1"; }
unused() {
    grep -q 'no space left' "$1"
    [[ $line =~ "disk pressure is high" ]]
}
"""


def test_of_a_helper_only_the_functions_that_are_called_count() -> None:
    assert told(". helper.sh\nused app.log\n", helper=HELPER) == ("connection refused",)
    assert told(". helper.sh\n", helper=HELPER) == ()
    assert told("", "    RW.CLI.Run Cli    cmd=. helper.sh; used app.log", helper=HELPER) == ("connection refused",)


def test_what_the_source_says_itself_is_no_error_text() -> None:
    suite = "    IF    'limit is not set anywhere' in $out.stdout"
    assert told("echo 'The limit is not set anywhere.'", suite) == ()
    helper = SourceFile(name="look.py", text="issue = f'Error: the limit is not set anywhere on {name}'\n")
    assert patterns.of([SourceFile(name="runbook.robot", text=suite), helper]) == ()
    assert told('say="Pod $name lost its volume"; echo "$say"\ngrep "Pod .* lost its volume" out') == ()
    assert told("grep 'lost its volume now' out && echo 'It lost its volume now: mount it again.'") != ()


def test_the_commands_and_conditions_of_a_suite_are_read() -> None:
    suite = (
        """
    ${out}=    RW.CLI.Run Cli    cmd=kubectl logs web | grep -E 'reset by peer|broken pipe'
    IF    "quota is exceeded" in """
        + '"""${out.stdout}"""'
    )
    assert told("", suite) == ("reset by peer|broken pipe", "quota is exceeded")


def test_searches_of_python_are_read() -> None:
    file = SourceFile(name="look.py", text="if re.search(r'deadlock detected', line):\n    print('seen')\n")
    assert patterns.of([file]) == ("deadlock detected",)


@pytest.mark.parametrize("text", ["grep '(lost[' x", "grep 'lost pod\\", "grep -e", "grep -E '|lost pod|('", "grep"])
def test_broken_text_is_no_pattern_and_no_error(text: str) -> None:
    assert told(text) in ((), ("lost pod",))
