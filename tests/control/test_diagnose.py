"""Which Issue is the cause of the others."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runstone.control.runs.diagnose import Codebook, Seen, diagnose
from runstone.control.runs.focus import Focus
from runstone.control.workspaces.atlas import Atlas
from runstone.model.resource import ScopeReading
from runstone.model.run import Diagnosis, Issue, Note, TaskRun
from runstone.model.workspace import Map
from stage import NOW, code, issue, ref, relation, resource

CODES = Codebook(
    (
        code("SECRET_MISSING", explains=("POD_PENDING",), patterns=(r'secret "[\w-]+" not found',)),
        code("BAD_IMAGE", explains=("POD_PENDING",)),
        code("QUOTA", explains=("BAD_ROLLOUT",)),
        code("BAD_ROLLOUT", explains=("POD_PENDING",)),
        code("POD_PENDING", "symptom", explains=("UNREACHABLE",), patterns=("is pending",)),
        code("UNREACHABLE", "symptom", explains=("UNREACHABLE",)),
    )
)
ATLAS = Atlas(
    Map(
        resources=(
            resource("Deployment/front", "ill"),
            resource("Service/pay"),
            resource("Deployment/pay", "ill"),
            resource("Pod/pay-1", "ill"),
            resource("Secret/key", "ill"),
            resource("ResourceQuota/q"),
            resource("Deployment/stranger", "ill"),
        ),
        relations=(
            relation("Deployment/front", "calls", "Service/pay"),
            relation("Service/pay", "selects", "Deployment/pay"),
            relation("Deployment/pay", "references", "Secret/key"),
            relation("Deployment/pay", "owns", "Pod/pay-1"),
        ),
        slxs=(),
        readings=(
            ScopeReading.model_validate(
                {"scope": {"platform": "c", "kind": "Node", "namespace": ""}, "complete": False, "problem": "may not"}
            ),
        ),
    )
)
FOCUS = [Focus(ref("Deployment/front"), 1.0, "asked")]


def run(
    *issues: Issue, state: str = "failed", title: str = "T", notes: tuple[Note, ...] = (), output: str = ""
) -> Seen:
    lines = output or "\n".join(line for one in issues for line in one.evidence)
    body: dict[str, Any] = {
        "title": title,
        "resolved_title": title,
        "state": state,
        "message": "no kubectl" if state == "errored" else "",
        "started_at": NOW,
        "elapsed_s": 0.1,
        "issues": issues,
        "notes": notes,
        "output": lines,
        "truncated": False,
    }
    return Seen(TaskRun.model_validate(body), ref("Deployment/front"))


def found(*seen: Seen) -> Diagnosis:
    return diagnose(seen, FOCUS, ATLAS, CODES)


def test_the_deepest_explaining_cause_wins_over_its_victims() -> None:
    result = found(
        run(issue("front cannot reach pay", "Deployment/front", "UNREACHABLE")),
        run(issue("pay pending", "Deployment/pay", "POD_PENDING")),
        run(issue("key missing", "Secret/key", "SECRET_MISSING")),
    )
    assert [cause.resource.name for cause in result.causes] == ["key"]
    assert result.causes[0].grade == "confirmed"


def test_of_two_roots_in_one_chain_the_further_one_is_the_cause() -> None:
    result = found(
        run(issue("rollout stuck", "Deployment/pay", "BAD_ROLLOUT", blames=(ref("ResourceQuota/q"),))),
        run(issue("quota used up", "ResourceQuota/q", "QUOTA")),
        run(issue("pending", "Deployment/pay", "POD_PENDING")),
    )
    assert [cause.code for cause in result.causes] == ["QUOTA"]


def test_what_the_focus_does_not_depend_on_is_no_cause() -> None:
    result = found(
        run(issue("stranger's image", "Deployment/stranger", "BAD_IMAGE", severity=1)),
        run(issue("key missing", "Secret/key", "SECRET_MISSING"), issue("pending", "Deployment/pay", "POD_PENDING")),
    )
    assert [cause.resource.name for cause in result.causes] == ["key"]


def test_a_pods_issue_belongs_to_its_workload() -> None:
    result = found(run(issue("image", "Pod/pay-1", "BAD_IMAGE"), issue("pending", "Deployment/pay", "POD_PENDING")))
    assert result.causes[0].resource == ref("Deployment/pay")


def test_a_code_is_read_from_text_when_the_task_gives_none() -> None:
    told = issue(
        "Pods of Deployment pay wait", "Deployment/pay", "", evidence=(), details='Error: secret "key" not found'
    )
    result = found(run(told, output='Error: secret "key" not found'), run(issue("p", "Deployment/pay", "POD_PENDING")))
    assert result.causes[0].code == "SECRET_MISSING"
    assert result.causes[0].grade == "likely", "a reading of text alone is never confirmed"
    assert result.causes[0].evidence[0].line == 'Error: secret "key" not found'


def test_no_evidence_no_claim() -> None:
    result = found(run(issue("key missing", "Secret/key", "SECRET_MISSING"), output="something else"))
    assert result.causes == ()


def test_a_root_without_a_symptom_is_likely_and_a_note_for_information_only_possible() -> None:
    assert found(run(issue("key", "Secret/key", "SECRET_MISSING"))).causes[0].grade == "likely"
    assert found(run(issue("key", "Secret/key", "SECRET_MISSING", severity=4))).causes[0].grade == "possible"


def test_symptoms_alone_are_possible_and_the_blamed_end_is_named() -> None:
    result = found(
        run(issue("front", "Deployment/front", "UNREACHABLE", blames=(ref("Deployment/pay"),))),
        run(issue("pay", "Deployment/pay", "POD_PENDING")),
    )
    assert [(cause.resource.name, cause.grade) for cause in result.causes] == [("pay", "possible")]


def test_one_fact_told_twice_is_one_cause() -> None:
    result = found(
        run(issue("key missing", "Secret/key", "SECRET_MISSING"), title="A"),
        run(issue("no key", "Secret/key", "SECRET_MISSING"), title="B"),
    )
    assert len(result.causes) == 1


def test_what_was_excluded_and_what_could_not_be_looked_at_is_kept_apart() -> None:
    out = Note(kind="ruled_out", resource=ref("Service/pay"), what="endpoints", why="2 ready")
    gap = Note(kind="could_not_check", resource=None, what="kubectl get secret", why="kubectl is missing")
    result = found(
        run(state="passed", title="quiet"), run(state="passed", notes=(out, gap)), run(state="errored", title="broke")
    )
    assert {(one.what, one.why) for one in result.ruled_out} == {
        ("quiet", "it ran and raised no Issue"),
        ("endpoints", "2 ready"),
    }
    assert {one.what for one in result.could_not_check} == {"kubectl get secret", "broke", "Discovery of Node"}


RESOURCES = st.sampled_from(
    ["Deployment/front", "Service/pay", "Deployment/pay", "Secret/key", "Pod/pay-1", "Node/none"]
)
ISSUES = st.lists(
    st.tuples(
        RESOURCES, st.sampled_from([*CODES.codes, "", "UNHEARD"]), st.integers(1, 4), st.lists(RESOURCES, max_size=2)
    ),
    max_size=8,
)


@given(ISSUES)
def test_every_claim_cites_a_printed_line_whatever_is_told(told: list[tuple[str, str, int, list[str]]]) -> None:
    issues = [
        issue(f"i{n}", where, cause, severity=severity, blames=tuple(ref(one) for one in blames))
        for n, (where, cause, severity, blames) in enumerate(told)
    ]
    result = found(*(run(one, title=f"t{n}") for n, one in enumerate(issues)))
    printed = {line for one in issues for line in one.evidence}
    for cause in result.causes:
        assert cause.evidence
        assert {evidence.line for evidence in cause.evidence} <= printed
        assert 0 < cause.confidence < 1
    assert result == found(*(run(one, title=f"t{n}") for n, one in enumerate(issues))), (
        "the same input, the same answer"
    )
