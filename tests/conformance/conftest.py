"""The AWS account that tests look at: made once in a moto server, with at least one thing of every kind."""

import logging
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tests.conformance import aws_estate
from tests.conformance.aws_estate import HOME, Estate


@pytest.fixture(scope="session")
def login() -> Iterator[None]:
    """As whom AWS is asked: nobody that exists."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN"):
            patch.delenv(name, raising=False)
        for name, value in (("AWS_ACCESS_KEY_ID", "own"), ("AWS_SECRET_ACCESS_KEY", "canary-key")):
            patch.setenv(name, value)
        patch.setenv("AWS_DEFAULT_REGION", HOME)
        patch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def estate(login: None) -> Iterator[Estate]:
    """The account, with its URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield aws_estate.built(f"http://{host}:{port}")
    server.stop()


@pytest.fixture(scope="module")
def moto(login: None) -> Iterator[str]:
    """The URL of a moto server with one EKS cluster, ``held``, for tests that need no whole account."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    eks = boto3.client("eks", endpoint_url=f"http://{host}:{port}", region_name=HOME)
    eks.create_cluster(name="held", roleArn="arn:aws:iam::123456789012:role/x", resourcesVpcConfig={})
    yield f"http://{host}:{port}"
    eks.delete_cluster(name="held")  # moto keeps what it holds for as long as the process lasts
    server.stop()
