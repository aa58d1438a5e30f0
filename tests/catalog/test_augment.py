"""What the local generator writes about Tasks, from their source and the ontology."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pytest

from runstone.catalog import library, read
from runstone.catalog.augment import Generator, effects, local, situations
from runstone.catalog.augment.cache import Cached
from runstone.catalog.augment.local import Local
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import tables
from runstone.model.content import CauseCode, Change

BUILT_IN = Path(__file__).parents[2] / "codecollection"


OURS = """*** Tasks ***
Check Restarts of Deployment `${NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-only
    RW.Core.Add Issue    severity=2    title=Deployment `${NAME}` is in a crash loop with many restarts
    ...    next_steps=Analyze the application logs of the Deployment

Analyze Logs of Deployment `${NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-only
    RW.Core.Add Issue    severity=3    title=Errors in the application logs of `${NAME}`

Restart Deployment `${NAME}` in Namespace `${NAMESPACE}`
    [Tags]    access:read-write
    RW.CLI.Run Cli    cmd=kubectl rollout restart deployment/${NAME}
"""
CODE = CauseCode(
    code="CRASH_LOOP",
    title="It crashes again and again",
    kind="symptom",
    resource_kinds=("Deployment",),
    explains=(),
    patterns=("crash loop",),
    checks=("logs",),
)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entry, ...]:
    bundle = tmp_path_factory.mktemp("ours") / "codebundles" / "k8s-web-health"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(OURS)
    return read.collection(bundle.parents[1])


@pytest.fixture(scope="module")
def documents(built_in: tuple[Entry, ...]) -> Mapping[str, TaskDocument]:
    return Local(library.causes(BUILT_IN)).documents(built_in)


@pytest.fixture(scope="module")
def written(ours: tuple[Entry, ...]) -> Mapping[str, TaskDocument]:
    return Local((CODE,)).documents(ours)


def of_title(documents: Mapping[str, TaskDocument], start: str) -> TaskDocument:
    return next(one for key, one in documents.items() if key.partition("::")[2].startswith(start))


def test_every_task_has_a_document_that_reads_itself_back(
    built_in: tuple[Entry, ...], documents: Mapping[str, TaskDocument]
) -> None:
    assert set(documents) == {one.key for one in built_in}
    for one in documents.values():
        assert TaskDocument.model_validate_json(one.model_dump_json()) == one


def test_every_piece_says_where_it_is_from(documents: Mapping[str, TaskDocument]) -> None:
    one = of_title(documents, "Check Pods")
    pieces = (one.purpose, *one.symptoms, *one.signatures, *one.issues, *one.scenarios, one.blast_radius)
    assert {piece.origin for piece in pieces} == {"local"}


def test_a_task_that_only_reads_has_no_blast_radius(
    built_in: tuple[Entry, ...], documents: Mapping[str, TaskDocument]
) -> None:
    for entry in built_in:
        one = documents[entry.key]
        assert (one.blast_radius.text == "None by its source: it only reads.") is not entry.changes
        assert any("changes something" in said.text for said in one.not_when) is entry.changes


def test_issues_carry_cause_codes_by_their_patterns_or_else_signals(written: Mapping[str, TaskDocument]) -> None:
    (crash,) = of_title(written, "Check Restarts").issues
    (errors,) = of_title(written, "Analyze").issues
    assert (crash.severity, crash.causes) == (2, ("CRASH_LOOP",))
    assert "log-trouble" in errors.causes


def test_what_follows_an_issue_is_another_task_that_looks_at_it(written: Mapping[str, TaskDocument]) -> None:
    (crash,) = of_title(written, "Check Restarts").issues
    assert crash.follows[0].key.partition("::")[2].startswith("Analyze Logs")
    assert crash.follows[0].why == "looks at log-patterns"
    assert crash.follows[0].score == 1
    assert all(not follow.key.partition("::")[2].startswith("Check Restarts") for follow in crash.follows)


def test_follows_stand_best_first(written: Mapping[str, TaskDocument]) -> None:
    for one in written.values():
        for issue in one.issues:
            scores = [follow.score for follow in issue.follows]
            assert scores == sorted(scores, reverse=True)


def test_what_a_change_does_and_whether_it_can_be_undone_is_told(written: Mapping[str, TaskDocument]) -> None:
    restart = of_title(written, "Restart")
    assert "kubectl rollout restart" in restart.blast_radius.text
    assert restart.reversible.text == "What it interrupts is lost; there is nothing to set back."
    assert restart.use_when[0].text.startswith("Can be a remedy for")
    assert (restart.questions, restart.alerts) == ((), ())
    assert of_title(written, "Analyze").reversible.text == "Nothing to undo."


def changed(entry: Entry, *words: str, **more: object) -> Entry:
    """The same Task with other effects in its contract."""
    assert entry.contract is not None
    changes = tuple(Change(words=one, file="runbook.robot", line=1) for one in words)
    given = {"commands": more.pop("commands", ()), "unknown": more.pop("unknown", ())}
    told = entry.contract.model_copy(update={"changes": changes, **given})
    return entry.model_copy(update={"contract": told, "changes": bool(words), **more})


@pytest.mark.parametrize(
    ("words", "more", "radius", "undone"),
    [
        ((), {}, "None by its source: it only reads.", "Nothing to undo."),
        (
            (),
            {"access": "unknown"},
            "No change was found in its source; its author does not say.",
            "Nothing to undo was found.",
        ),
        (
            (),
            {"access": "unknown", "bundle_documentation": "Detects and reinitializes laggy members."},
            'Not known: its author speaks of a change ("reinitializes"), which its source does not show.',
            "Not known: its source does not show all that it does.",
        ),
        (
            (),
            {"bundle_documentation": "Detects and reinitializes laggy members."},
            "None by its source: it only reads.",
            "Nothing to undo.",
        ),
        (
            (),
            {"unknown": ("query",)},
            "Not known: what ${query} holds is run, and its source does not say what that is.",
            "Not known: its source does not show all that it does.",
        ),
        (
            (),
            {"commands": ("CMD",)},
            "It runs what it is given, and reaches as far as that does.",
            "Not known: it depends on what it is given.",
        ),
        (
            ("kubectl scale deploy/x",),
            {},
            "It changes something: kubectl scale deploy/x",
            "Can be undone by its opposite.",
        ),
        (
            ("patronictl reinit c m --force",),
            {},
            "It changes something: patronictl reinit c m --force",
            "Not to be undone: it deletes or replaces.",
        ),
        (
            ("git commit", "git push -f"),
            {},
            "It changes something: git commit; git push -f",
            "Not to be undone: it deletes or replaces.",
        ),
        (
            ("git push --force origin fix-$()", 'gh pr create --title "$1"'),
            {},
            'It changes something: git push --force origin fix-…; gh pr create --title "…"',
            "Can be undone by closing the request to merge and deleting its branch.",
        ),
        (
            ("git push -f origin main", "gh pr create"),
            {},
            "It changes something: git push -f origin main; gh pr create",
            "Not to be undone: it deletes or replaces.",
        ),
        (
            ("git push -f origin fix", "gh pr create", "kubectl delete pod $() $() -n ${NS:-shop}"),
            {},
            "It changes something: git push -f origin fix; gh pr create; kubectl delete pod … -n ${NS}",
            "Not to be undone: it deletes or replaces.",
        ),
        (
            ("kubectl scale deploy/x",),
            {"commands": ("CMD",)},
            "It changes something: kubectl scale deploy/x; and it runs what it is given",
            "Can be undone by its opposite.",
        ),
        (
            ("az provider register",),
            {},
            "It changes something: az provider register",
            "Whether it can be undone is not known.",
        ),
    ],
)
def test_effects_say_no_more_than_is_known(
    built_in: tuple[Entry, ...], words: tuple[str, ...], more: dict[str, object], radius: str, undone: str
) -> None:
    reading = next(one for one in built_in if one.access == "read-only" and one.contract and not one.changes)
    one = changed(reading, *words, **more)
    assert (effects.blast_radius(one, "x").text, effects.reversible(one, "x").text) == (radius, undone)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("Restarts the App Service.", "restarts"),
        ("Looks first. Rolls back the release if it fails.", "rolls back"),
        ("This taskset automatically deletes old images.", "deletes"),
        ("Lists the pods and evicts `${POD}`.", "evicts"),
        ("Lists errors and restarts in the namespace.", ""),
        ("Shows which pods restart, and restart counts.", ""),
        ("Scale Sets are checked for restarts.", ""),
        ("Checks that somebody may delete pods.", ""),
    ],
)
def test_an_author_speaks_of_a_change_only_where_the_task_does_it(
    built_in: tuple[Entry, ...], text: str, verb: str
) -> None:
    reading = next(one for one in built_in if one.access == "read-only" and one.contract and not one.changes)
    one = reading.model_copy(update={"access": "unknown", "documentation": text, "bundle_documentation": ""})
    assert effects.speaks_of_change(one) == verb


def test_a_task_that_breaks_on_purpose_answers_nothing(built_in: tuple[Entry, ...]) -> None:
    reading = next(one for one in built_in if one.title.startswith("Check Pods"))
    chaos = changed(reading, "kubectl delete pod x", title="OOMKill `${NAME}` Pod", bundle="k8s-chaos-workload")
    one = Local().documents([chaos])[chaos.key]
    assert (one.scenarios, one.use_when, one.alerts, one.questions, one.symptoms) == ((), (), (), (), ())
    assert "break something on purpose" in one.not_when[0].text


def test_what_comes_next_only_looks_and_is_near(
    built_in: tuple[Entry, ...], documents: Mapping[str, TaskDocument]
) -> None:
    by_key = {one.key: one for one in built_in}
    follows = [(key, follow.key) for key, one in documents.items() for issue in one.issues for follow in issue.follows]
    follows += [(key, other) for key, one in documents.items() for told in one.scenarios for other in told.then]
    assert len(follows) > 1000
    assert not [other for _, other in follows if by_key[other].changes or by_key[other].runs]
    hosts = {key for key, entry in by_key.items() if entry.bundle.startswith("host-")}
    assert not [one for one in follows if (one[0] in hosts) != (one[1] in hosts)]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("`%s` deployment is in state %s", "… deployment is in state …"),
        ("Keys in vault ${VAULT} (Project: ${PROJECT})", "Keys in vault …"),
        ('Deployment " + name + " failed', "Deployment … failed"),
        ("List Pods (Threshold: )", "List Pods"),
        (r"\(.title)\nSeverity", "… Severity"),
    ],
)
def test_what_is_filled_in_leaves_one_mark(written: str, plain: str) -> None:
    assert local._plain(written) == plain


def test_scenarios_differ_and_name_what_answers_them(documents: Mapping[str, TaskDocument]) -> None:
    for one in documents.values():
        assert len(one.scenarios) <= situations.MOST
        assert len({scenario.text for scenario in one.scenarios}) == len(one.scenarios)
        for scenario in one.scenarios:
            assert scenario.says in scenario.text
            assert scenario.resource in scenario.text
            assert set(scenario.looks) <= set(tables.load().signals[scenario.symptom].looks)
            assert one.key not in scenario.then


def test_scenarios_cover_platforms_and_surroundings(documents: Mapping[str, TaskDocument]) -> None:
    found = of_title(documents, "Check Pods").scenarios
    assert {one.environment for one in found} == set(situations.SURROUNDINGS)
    assert {"kubernetes", "eks", "aks", "gke"} <= {one.platform for one in found}


def test_a_crash_is_among_what_a_pod_check_answers(documents: Mapping[str, TaskDocument]) -> None:
    one = of_title(documents, "Check Pods")
    assert any("crashloop" in said.text for said in one.symptoms)
    assert "KubePodCrashLooping" in {said.text for said in one.alerts}


def test_error_signatures_come_from_the_source(tmp_path: Path) -> None:
    bundle = tmp_path / "codebundles/b"
    bundle.mkdir(parents=True)
    body = "*** Tasks ***\nCheck Logs\n    RW.CLI.Run Bash File    bash_file=a.sh\n"
    (bundle / "runbook.robot").write_text(body)
    (bundle / "a.sh").write_text("kubectl logs x | grep 'connection refused'\n")
    (one,) = Local().documents(read.collection(tmp_path)).values()
    assert [(sign.pattern, "refused" in sign.means) for sign in one.signatures] == [("connection refused", True)]


class Counting(Generator):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []

    @property
    def version(self) -> str:
        return "counting"

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        self.asked.append(set(wanted or ()))
        return Local().documents(entries, wanted)


def test_documents_are_made_once(tmp_path: Path, small: tuple[Entry, ...]) -> None:
    behind = Counting()
    first = Cached(behind, tmp_path).documents(small)
    again = Cached(behind, tmp_path)
    assert again.documents(small) == first
    assert again.made == 0
    assert len(behind.asked) == 1


def test_only_a_changed_task_is_made_again(tmp_path: Path, small: tuple[Entry, ...]) -> None:
    behind = Counting()
    Cached(behind, tmp_path).documents(small)
    changed = (small[0].model_copy(update={"source_digest": "other"}), *small[1:])
    Cached(behind, tmp_path).documents(changed)
    assert behind.asked[-1] == {small[0].key}


def test_a_new_title_makes_all_anew_since_it_may_follow_any_issue(tmp_path: Path, small: tuple[Entry, ...]) -> None:
    behind = Counting()
    Cached(behind, tmp_path).documents(small)
    Cached(behind, tmp_path).documents(small[1:])
    assert behind.asked[-1] == {one.key for one in small[1:]}


def test_a_damaged_file_is_made_again(tmp_path: Path, small: tuple[Entry, ...]) -> None:
    cached = Cached(Local(), tmp_path)
    first = cached.documents(small)
    next(iter(tmp_path.glob("*.gz"))).write_bytes(b"no gzip")
    assert cached.documents(small) == first
    assert cached.made == 1
