"""What every test gets: clients of agents in a real KAOS, and a look at its traces.

`cargo xtask test --only clients` starts KAOS and the scripted model, and says where they are.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import openai
import pytest

KAOS = os.environ["KAOS_URL"]
MODEL = os.environ["MODEL_URL"]
WITHIN_SECONDS = 60.0
QUESTION = [{"role": "user", "content": "What do the top three vendors hold?"}]
ERROR = 2


@dataclass
class Span:
    """A span, as far as tests look at it."""

    service: str
    name: str
    is_root: bool
    status: int
    attributes: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def agent() -> Callable[[str], openai.OpenAI]:
    """The official client, pointed at an agent; it repeats nothing, so that each failure is seen."""

    def client(name: str) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=f"{KAOS}/agents/clients/{name}/v1", api_key="none needed", max_retries=0
        )

    return client


@pytest.fixture(scope="session", autouse=True)
def _agents_are_ready() -> None:
    for name in ["plain", "slow", "mirror", "caller", "unreachable", "coordinator"]:
        until(lambda name=name: get(f"{KAOS}/agents/clients/{name}/ready").is_success)


@pytest.fixture
def trace() -> Callable[[str], list[Span]]:
    """The spans of a trace, once its root is stored."""

    def spans(trace_id: str) -> list[Span]:
        return until(lambda: whole(stored(trace_id)))

    return spans


@pytest.fixture
def answers_under_way() -> Callable[[], int]:
    """How many answers the model is giving now."""
    return lambda: int(get(f"{MODEL}/open").text)


def until(look: Callable, why: Callable = lambda: "it did not happen in time"):
    """What `look` returns, as soon as that is something."""
    give_up = time.monotonic() + WITHIN_SECONDS
    while not (found := look()):
        assert time.monotonic() < give_up, why()
        time.sleep(0.01)
    return found


def ask(client: openai.OpenAI, messages=QUESTION, **fields):
    return client.chat.completions.create(model="any", messages=messages, **fields)


def seen(completion) -> dict:
    """The request that the model got, as a model tells it that answers with what it was asked."""
    return json.loads(completion.choices[0].message.content)


def apply(plural: str, name: str, spec: dict) -> None:
    """Makes an object of ours, and waits until it is ready."""
    kind = {"agents": "Agent", "mcpservers": "MCPServer"}[plural]
    url = f"{KAOS}/kube/apis/kaos.tools/v1alpha1/namespaces/clients/{plural}"
    made = {"apiVersion": "kaos.tools/v1alpha1", "kind": kind, "metadata": {"name": name}}
    answer = openai.DefaultHttpxClient().post(url, json={**made, "spec": spec})
    assert answer.status_code == 201, answer.text

    def is_ready() -> bool:
        return get(f"{url}/{name}").json().get("status", {}).get("ready", False)

    until(is_ready, lambda: get(f"{url}/{name}").json().get("status"))


def get(url: str):
    # The client brings its own HTTP library, so nothing else has to be installed.
    return openai.DefaultHttpxClient().get(url)


def whole(spans: list[Span]) -> list[Span]:
    return spans if any(span.is_root for span in spans) else []


def stored(trace_id: str) -> list[Span]:
    document = get(f"{KAOS}/jaeger/api/v3/traces/{trace_id}").json()
    return [
        Span(
            service=attributes(resource["resource"]).get("service.name", ""),
            name=span["name"],
            is_root=not span.get("parentSpanId"),
            status=span.get("status", {}).get("code", 0),
            attributes=attributes(span),
        )
        for resource in document.get("result", {}).get("resourceSpans", [])
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def attributes(of: dict) -> dict[str, str]:
    return {
        pair["key"]: str(next(iter(pair["value"].values()), "")) for pair in of.get("attributes", [])
    }
