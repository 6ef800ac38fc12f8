"""The official OpenAI client for Python, unchanged, against agents."""

import json
import time

import openai
import pydantic
import pytest

from conftest import ERROR, QUESTION, ask, seen, until

SENTENCE = "The top three vendors hold 88 percent of the market."
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def test_an_answer_has_words_a_reason_and_usage(agent):
    answer = ask(agent("plain"))
    assert answer.object == "chat.completion"
    assert answer.choices[0].message.role == "assistant"
    assert answer.choices[0].message.content == SENTENCE
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.total_tokens == 144


def test_the_models_of_an_agent_are_listed(agent):
    models = list(agent("plain").models.list())
    assert [model.object for model in models] == ["model"]


def test_a_stream_begins_with_the_role_and_ends_with_the_reason_and_the_usage(agent):
    stream = ask(agent("plain"), stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    assert deltas[0].role == "assistant"
    assert "".join(delta.content or "" for delta in deltas) == SENTENCE
    reasons = [choice.finish_reason for chunk in chunks for choice in chunk.choices]
    assert [reason for reason in reasons if reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 144
    assert {chunk.id for chunk in chunks} == {chunks[0].id}


def test_a_stream_without_the_option_has_no_usage(agent):
    assert all(chunk.usage is None for chunk in ask(agent("plain"), stream=True))


def test_words_come_while_the_model_speaks(agent):
    times = [
        time.monotonic()
        for chunk in ask(agent("slow"), stream=True)
        if any(choice.delta.content for choice in chunk.choices)
    ]
    # Nine words with 200 ms between them.
    assert len(times) > 5
    assert times[-1] - times[0] > 1.0


def test_the_streaming_helper_of_the_client_works(agent):
    with agent("plain").chat.completions.stream(model="any", messages=QUESTION) as stream:
        words = [event.delta for event in stream if event.type == "content.delta"]
        assert "".join(words) == SENTENCE
        assert stream.get_final_completion().choices[0].message.content == SENTENCE


def test_parameters_reach_the_model(agent):
    asked = seen(
        ask(
            agent("mirror"),
            temperature=0.25,
            max_tokens=77,
            seed=11,
            stop=["END"],
            user="somebody",
        )
    )
    assert asked["temperature"] == 0.25
    assert asked["max_tokens"] == 77
    assert asked["seed"] == 11
    assert asked["stop"] == ["END"]
    assert asked["user"] == "somebody"


def test_a_json_schema_reaches_the_model_and_the_answer_is_parsed(agent):
    class Seen(pydantic.BaseModel):
        model: str

    completion = agent("mirror").chat.completions.parse(
        model="any", messages=QUESTION, response_format=Seen
    )
    assert completion.choices[0].message.parsed == Seen(model="request")
    asked = seen(completion)["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"]["schema"]["required"] == ["model"]


def test_images_reach_the_model(agent):
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    parts = [{"type": "text", "text": "What is this?"}, image]
    asked = seen(ask(agent("mirror"), [{"role": "user", "content": parts}]))
    assert asked["messages"][-1]["content"] == parts


def test_the_callers_tools_are_called_by_the_caller(agent):
    client = agent("caller")
    first = ask(client, tools=[WEATHER])
    assert first.choices[0].finish_reason == "tool_calls"
    [call] = first.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    assert "city" in json.loads(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    messages = [*QUESTION, first.choices[0].message, result]
    second = ask(client, messages, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert second.choices[0].message.content == SENTENCE


def test_the_callers_tools_are_called_in_a_stream_too(agent):
    chunks = list(ask(agent("caller"), tools=[WEATHER], stream=True))
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert [call.function.name for call in calls if call.function.name] == ["get_weather"]
    assert "city" in json.loads("".join(call.function.arguments or "" for call in calls))
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_session_goes_on_with_only_the_new_message(agent):
    client = agent("mirror")
    session = {"session_id": f"python-{time.time_ns()}"}
    first = ask(client, [{"role": "user", "content": "My name is Ada."}], extra_body=session)
    assert first.model_extra["session_id"] == session["session_id"]
    second = ask(client, [{"role": "user", "content": "Who am I?"}], extra_body=session)
    words = [message["content"] for message in seen(second)["messages"]]
    assert "My name is Ada." in words
    assert words[-1] == "Who am I?"


def test_a_session_can_be_named_by_header(agent):
    name = f"python-header-{time.time_ns()}"
    raw = agent("plain").chat.completions.with_raw_response.create(
        model="any", messages=QUESTION, extra_headers={"X-Session-ID": name}
    )
    assert raw.headers["x-session-id"] == name
    assert raw.parse().model_extra["session_id"] == name


def test_a_model_that_cannot_be_reached_is_a_bad_gateway_with_a_failed_trace(agent, trace):
    with pytest.raises(openai.InternalServerError) as caught:
        ask(agent("unreachable"))
    assert isinstance(caught.value, openai.APIStatusError)
    assert caught.value.status_code == 502
    root = next(span for span in trace(caught.value.body["trace_id"]) if span.is_root)
    assert root.status == ERROR


def test_a_model_that_cannot_be_reached_is_an_error_before_a_stream_begins(agent):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(agent("unreachable"), stream=True)
    assert caught.value.status_code == 502


def test_an_agent_that_is_not_there_is_not_found(agent):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(agent("nobody"))
    assert caught.value.code == "agent_not_found"


@pytest.mark.parametrize("messages", [[], [{"role": "assistant", "content": "hello"}]])
def test_a_request_in_which_nobody_asks_is_a_bad_request(agent, messages):
    with pytest.raises(openai.BadRequestError) as caught:
        ask(agent("plain"), messages)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.message


@pytest.mark.parametrize("name", ["slow", "coordinator"])
def test_closing_the_stream_cancels_the_run_and_the_model(agent, trace, answers_under_way, name):
    raw = agent(name).chat.completions.with_raw_response.create(
        model="any", messages=QUESTION, stream=True
    )
    stream = raw.parse()
    next(iter(stream))
    until(lambda: answers_under_way() == 1)
    closed = time.monotonic()
    stream.close()
    until(lambda: answers_under_way() == 0)
    # What is waited for takes another second by itself.
    assert time.monotonic() - closed < 0.5
    spans = trace(raw.headers["x-trace-id"])
    asked_model = [span for span in spans if span.name == "model.inference"]
    assert asked_model[-1].attributes["kaos.finish_reason"] == "cancelled"
    root = next(span for span in spans if span.is_root)
    assert root.attributes["kaos.finish_reason"] == "cancelled"
    assert root.status != ERROR
