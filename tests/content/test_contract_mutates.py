"""Which commands change something."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import mutates

CHANGES = """
kubectl delete pod x
kubectl -n shop --context c scale deployment/x --replicas=0
oc rollout restart deployment/x
kubectl rollout undo deployment/x
kubectl patch svc x -p '{}'
kubectl apply -f -
kubectl set resources deployment/x --limits=cpu=1
kubectl label pod x a=b
kubectl cp file pod:/tmp/file
kubectl create job --from=cronjob/x y
kubectl drain node
helm upgrade x y
flux suspend kustomization x
argocd app sync x
terraform apply -auto-approve
az webapp restart --name x
az vm deallocate -n x
az webapp config appsettings set --name x
az provider register --namespace x
az rest --method delete --url https://management.azure.com/x
aws ec2 terminate-instances --instance-ids x
aws --region r rds reboot-db-instance --db-instance-identifier x
aws s3 rm s3://b/x
aws s3 cp x s3://b/x
gcloud compute instances stop x
gcloud run services update x --image y
gcloud projects add-iam-policy-binding x
gcloud spanner databases execute-sql db --sql='UPDATE t SET a = 1 WHERE b'
gsutil rm gs://b/x
bq query 'DELETE FROM t WHERE true'
git push origin main
gh pr create --title x
gh api repos/o/r/issues -f title=x
curl -X DELETE https://host/thing
curl -sX PATCH https://host/thing
curl -d a=b https://host/things
curl --request POST https://api.github.com/repos/o/r/pulls -d '{}'
psql -Atc 'DROP TABLE t'
psql -c 'SELECT pg_terminate_backend(1)'
mysql -e 'with a as (select 1) insert into t select 1'
redis-cli -h x SET a b
patronictl restart c m --force
"""
READS = """
kubectl get pods
kubectl get deployment delete
kubectl delete pod x --dry-run=client
kubectl create token sa
kubectl auth can-i delete pods
kubectl rollout status deployment/x
kubectl label pod x --list
kubectl config set-context x
kubectl logs x --tail 5
kubectl cp pod:/tmp/file file
kubectl exec x -- cat delete
helm list
helm upgrade x y --dry-run
flux get kustomizations
argocd app get x
terraform plan
az account set --subscription x
az login --service-principal
az extension add --name x
az webapp show --name restart
az webapp log download --name x
az monitor metrics list --resource x
az rest --method post --url https://management.azure.com/providers/x/query
aws sts get-caller-identity
aws logs start-query --query-string x
aws eks update-kubeconfig --name x
aws s3 cp s3://b/x x
gcloud auth activate-service-account
gcloud config set project x
gcloud run services list
gcloud spanner databases execute-sql db --sql='SELECT update_time FROM t'
gsutil cp gs://b/x x
bq query 'SELECT deleted FROM t'
git clone https://host/x
gh api repos/o/r/actions/runs
curl https://host/delete
curl -G -d a=b https://host/x
curl -X POST https://host/api/v1/query -d 'query=up'
curl -d grant_type=x https://login.host/oauth2/v2.0/token
curl -X POST https://host/graphql -d '{"query":"{ a }"}'
curl -o file -X GET https://host
psql -c "SELECT 'DROP TABLE t'"
psql -c 'SELECT 1 -- DELETE FROM t'
redis-cli PING
patronictl list
rm -rf /tmp/here
echo kubectl delete pod x
jq '.delete'
"""


@pytest.mark.parametrize("command", CHANGES.strip().splitlines())
def test_it_changes_something(command: str) -> None:
    assert mutates.changes(shlex.split(command))


@pytest.mark.parametrize("command", READS.strip().splitlines())
def test_it_only_reads(command: str) -> None:
    assert not mutates.changes(shlex.split(command))


@pytest.mark.parametrize("command", ["rm -r /data", "dd if=a of=b", "kill -9 1", "nginx -s reload"])
def test_elsewhere_files_and_processes_count_too(command: str) -> None:
    words = shlex.split(command)
    assert mutates.changes(words, remote=True)
    assert not mutates.changes(words)


def test_a_query_to_a_mutation_is_a_change() -> None:
    assert mutates.changes(
        ["curl", "-X", "POST", "https://host/graphql", "-d", '{"query":"mutation { close(id: 1) }"}']
    )


def test_what_is_piped_in_counts() -> None:
    assert mutates.changes(["psql"], stdin="BEGIN;\nDELETE FROM t;\n")
    assert mutates.changes(["redis-cli"], stdin="GET a\nFLUSHALL\n")


@settings(max_examples=50)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=8), st.sampled_from(sorted(mutates._RULES)), st.text())
def test_any_words_are_judged(words: list[str], program: str, stdin: str) -> None:
    mutates.changes([program, *words], stdin, remote=True)
