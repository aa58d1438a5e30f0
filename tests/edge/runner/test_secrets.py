"""From keys to values on a runner: each once, kept for a moment, and a sentence for what is not found."""

from pathlib import Path

import pytest
from tests import secret_places
from tests.secret_places import VALUE, Place

from runstone.edge.runner.secrets import Vault
from runstone.model.workspace import SecretNeed


def need(name: str, key: str) -> SecretNeed:
    return SecretNeed(name=name, key=key)


def test_a_run_gets_what_is_found_and_a_sentence_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", VALUE)
    resolved = Vault({"known": "env@SHOP_TOKEN"}).resolve((need("a", "known"), need("b", "unknown"), need("c", "x@y")))
    assert [(secret.name, secret.reveal()) for secret in resolved.secrets] == [("a", VALUE)]
    assert "No secret 'unknown' is known on this runner (known: known)" in resolved.missing[0]
    assert "There is no 'x' among secrets" in resolved.missing[1]
    assert VALUE not in repr(resolved)


def test_values_are_kept_for_a_minute_and_failures_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    one = Vault({}, now=lambda: clock[0])
    assert one.resolve((need("a", "env@SHOP_TOKEN"),)).missing
    monkeypatch.setenv("SHOP_TOKEN", "first")
    seen = [one.resolve((need("a", "env@SHOP_TOKEN"),)).secrets[0].reveal()]
    monkeypatch.setenv("SHOP_TOKEN", "second")
    for moment in (30.0, 61.0):
        clock[0] = moment
        seen.append(one.resolve((need("a", "env@SHOP_TOKEN"),)).secrets[0].reveal())
    assert seen == ["first", "first", "second"]


def test_a_secret_that_needs_itself_is_named() -> None:
    resolved = Vault({}).resolve((need("gcp_serviceAccountKey", "gcp:sa@p/x"),))
    assert "The secret gcp_serviceAccountKey needs itself" in resolved.missing[0]


def test_a_run_logs_in_to_a_place_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with secret_places.serving() as url:
        for name, value in {"ADDR": url, "APPROLE_ROLE_ID": "role", "APPROLE_SECRET_ID": "proof"}.items():
            monkeypatch.setenv(f"SECRET_PROVIDER_ours_VAULT_{name}", value)
        one = Vault({})
        resolved = one.resolve((need("a", "ours@old/shop:token"), need("b", "ours@secret/shop:env")))
        again = one.resolve((need("a", "ours@old/shop:token"),))
        logins = sum(path.endswith("/auth/approle/login") for _, path, _ in Place.seen)
        reads = sum(path.endswith("/old/shop") for _, path, _ in Place.seen)
    assert [secret.reveal() for secret in (*resolved.secrets, *again.secrets)] == [VALUE] * 3
    assert (logins, reads) == (1, 1)


def test_a_word_that_no_setting_and_no_provider_knows_is_told_with_the_remedy() -> None:
    missing = Vault({}).resolve((need("db", "theirs@secret/shop:token"),)).missing[0]
    assert missing.startswith("Secret db: There is no 'theirs' among secrets (known: aws, azure, env")
    assert "SECRET_PROVIDER_theirs_VAULT_ADDR" in missing


def test_a_logins_sentence_is_shown_and_what_its_files_hold_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "AKIA0000000000000000", "AWS_SECRET_ACCESS_KEY": "x" * 40}.items():
        monkeypatch.setenv(name, value)
    resolved = Vault({}).resolve((need("login", "aws:default@cli"),))
    assert resolved.secrets[0].reveal() == "The run is logged in to AWS; the aws command finds it."
    assert list(resolved.values()) == ["x" * 40]
    assert set(resolved.files) == {"cloud/aws/credentials", "cloud/aws/config"}


def test_a_provider_from_outside_that_breaks_is_named_and_what_it_said_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outside_secrets.py").write_text(
        "from runstone.connectors.secrets import SecretProvider\n"
        "class Outside(SecretProvider):\n"
        "    def get(self, kind, path, ask):\n"
        "        raise KeyError('the-value-itself')\n"
    )
    info = tmp_path / "outside_secrets-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-secrets\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[runstone.secrets]\noutside = outside_secrets:Outside\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SHOP_TOKEN", VALUE)
    resolved = Vault({}).resolve((need("a", "outside@x"), need("b", "env@SHOP_TOKEN")))
    assert resolved.missing == ("Secret a: the provider of 'outside@x' broke (KeyError).",)
    assert [secret.name for secret in resolved.secrets] == ["b"]
    assert "the-value-itself" not in "".join(capsys.readouterr())


def test_a_secret_whose_key_says_kubeconfig_is_the_runs_kubeconfig_too(tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("kind: Config of prod\n")
    key = f"file@{tmp_path}/kubeconfig"
    assert Vault({}).resolve((need("cluster", key),)).files == {".kube/config": b"kind: Config of prod"}
    # One that is named so is put there by the suite's process.
    assert not Vault({}).resolve((need("cluster", key), need("kubeconfig", key))).files
