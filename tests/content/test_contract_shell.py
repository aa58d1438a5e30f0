"""Bash text read as commands."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import calls, shell


def called(text: str) -> list[str]:
    return [" ".join(one.words) for one in calls.calls(shell.read(text), {})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b && c || d; e & f", ["a", "b", "c", "d", "e", "f"]),
        ('x=1 a $(b `c`) "$(d)"', ["c", "b $()", "d", "a $() $()"]),
        ("cat <<EOF\nrm $(now) `later`\nEOF\nend", ["cat", "now", "later", "end"]),
        ("cat <<'EOF'\nrm $(now)\nEOF\nend", ["cat", "end"]),
        ("cat <<-EOF\n\trm\n\tEOF\nend", ["cat", "end"]),
        ("echo 'kubectl delete' \"az vm delete\" # rm -r", ["echo kubectl delete az vm delete"]),
        ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
        ("for x in one two; do a $x; done", ["a two"]),
        ("case $(a) in b|c) d ;; (e) f ;; *) g ;; esac; h", ["a", "d", "f", "g", "h"]),
        ("[[ $(a) =~ ^(b|c)$ && d > e ]] && f", ["a", "f"]),
        ("(( x = $(a) + 2 )); y=$(( $(b) )); c", ["a", "b", "c"]),
        ("x=(a $(b) 'c d') && d", ["b", "d"]),
        ("diff <(a) >(b)", ["a", "b", "diff $() $()"]),
        ("a >out 2>&1 <in &>>log; b", ["a", "b"]),
        ("f() { a; }; function g { b; }; h() (\n c\n)", ["a", "b", "c"]),
        ("a \\\n  b", ["a b"]),
        ('echo ${x:-$(a)} ${y:-"}"}', ["a", "echo $() }"]),
    ],
)
def test_a_text_is_its_commands(text: str, expected: list[str]) -> None:
    assert called(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timeout 5 sudo -u x env A=b kubectl get", "kubectl get"),
        ("xargs -I {} -P4 kubectl delete {}", "kubectl delete {}"),
        ("bash -c 'set -e; kubectl get'", "kubectl get"),
        ("c='kubectl delete pod'; eval \"$c\"", "kubectl delete pod"),
        ("c=kubectl; c+=' get'; $c pods", "kubectl get pods"),
        ('c=(kubectl get); c+=(-o json); "${c[@]}"', "kubectl get -o json"),
        ("${KUBECTL:-oc} get", "oc get"),
        ("find . -exec rm {} ';'", "rm {} ;"),
        ('r() { "$@"; }; r kubectl delete pod x', "kubectl delete pod x"),
        ("$kbin get pods", "kubectl get pods"),
        ("$binary -n x delete pod y", "kubectl -n x delete pod y"),
        ("${tool} exec x -- psql", "kubectl exec x -- psql"),
        ('retry() { "$@"; }; retry $tool scale sts x --namespace=y', "kubectl scale sts x --namespace=y"),
        ("$HERE/a.sh now", "$HERE/a.sh now"),
        ("$HERE/bin/jq .", "jq ."),
        ("/usr/bin/jq .", "jq ."),
    ],
)
def test_what_is_really_called(text: str, expected: str) -> None:
    assert expected in called(text)


@pytest.mark.parametrize(
    "text", ["$helm get values x -n y", "$tool get x", "$tool -n x", "$tool -n get -o json", "$tool"]
)
def test_a_program_that_nothing_tells_stays_unknown(text: str) -> None:
    assert not any(one.startswith("kubectl") for one in called(text))


def test_a_command_knows_where_it_stands() -> None:
    text = "a\nf() {\n  b && c\n}\nif d; then\n  e\nfi\ng | h\n"
    found = {one.words[0]: (one.line, one.function, one.conditional) for one in shell.read(text, 10).commands}
    assert found == {
        "a": (10, "", False),
        "b": (12, "f", False),
        "c": (12, "f", True),
        "d": (14, "", False),
        "e": (15, "", True),
        "g": (17, "", False),
        "h": (17, "", False),
    }


def test_after_the_last_branch_nothing_is_conditional() -> None:
    text = "if a; then b; elif c; then d; else e; fi\nx || { y; z; }\nfor i in 1; do w; done\nlast"
    found = {one.words[0]: one.conditional for one in shell.read(text).commands}
    assert [name for name, conditional in found.items() if not conditional] == ["a", "x", "last"]


def test_a_quote_that_is_never_closed_is_told() -> None:
    assert shell.read("a\nb 'c\nd").problem == (2, "A quote opened here is never closed, so bash refuses this.")
    assert shell.read("a 'b'").problem is None


@pytest.mark.parametrize("opening", ["$(", '${a:-"', "$((", "`", '"$(', "(", "{ ", "if a; then ", "case x in y) "])
def test_deep_nesting_ends(opening: str) -> None:
    shell.read(opening * 5000)


@settings(max_examples=60)
@given(st.text(st.sampled_from("ab $(){}[]<>|&;\"'`\\\n#=!*"), max_size=120))
def test_any_text_is_read(text: str) -> None:
    list(calls.calls(shell.read(text), {}))
