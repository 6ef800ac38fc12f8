"""MCP with real programs: servers of FastMCP and of the official SDK, called by our agents, and their
clients, which call servers through us."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import fastmcp
import mcp
import pytest
from fastmcp.exceptions import ToolError

from conftest import KAOS, apply, ask, get, seen, until

SERVERS = Path(__file__).parent / "mcp_servers"
PROGRAMS = ["fast", "official"]
ADD = '''
def add(a: float, b: float) -> float:
    """Add two numbers together."""
    return a + b


def divide(a: float, b: float) -> dict:
    return {"quotient": a / b}
'''


def argv(program: str, *arguments: str) -> list[str]:
    return [sys.executable, str(SERVERS / f"{program}.py"), *arguments]


def server(name: str, spec: dict) -> str:
    """Makes an MCP server, and an agent whose model calls `multiply` and then shows what it was asked."""
    apply("mcpservers", name, spec)
    for tool in ("multiply", "refuse", "picture"):
        agent = {"modelAPI": "scripted", "model": f"tool:{tool},request", "mcpServers": [name]}
        apply("agents", f"{name}-{tool}", agent)
    return name


def url(name: str) -> str:
    return f"{KAOS}/mcpservers/clients/{name}/mcp"


@pytest.fixture(scope="session", params=PROGRAMS)
def program(request) -> str:
    return request.param


@pytest.fixture(scope="session", params=["stdio", "http", "sse"])
def child(request, program) -> str:
    """A server that we start, by each of the transports."""
    arguments = [request.param] if request.param == "stdio" else [request.param, "$(PORT)"]
    container = {"command": argv(program, *arguments)}
    spec = {"runtime": "custom", "transport": request.param, "container": container}
    return server(f"{program}-{request.param}", spec)


@pytest.fixture(scope="session", params=["http", "sse"])
def elsewhere(request, program) -> Iterator[str]:
    """A server that somebody else starts, by each of the transports that have a URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    path = {"http": "mcp", "sse": "sse"}[request.param]
    with subprocess.Popen(argv(program, request.param, str(port))) as process:
        spec = {"runtime": "url", "url": f"http://127.0.0.1:{port}/{path}"}
        yield server(f"{program}-{request.param}-elsewhere", spec)
        process.kill()


@pytest.fixture(scope="session")
def calculator() -> str:
    apply("mcpservers", "calculator", {"runtime": "python-string", "params": ADD})
    return "calculator"


def result(agent, name: str, tool: str) -> str:
    """What the model was told when the agent had called the tool."""
    last = seen(ask(agent(f"{name}-{tool}")))["messages"][-1]
    assert last["role"] == "tool"
    return last["content"]


def check_agents_calls(agent, name: str) -> None:
    assert result(agent, name, "multiply") == "4"
    # The official SDK keeps to itself what was raised.
    assert result(agent, name, "refuse").startswith("Tool execution failed: ")
    assert result(agent, name, "picture") == "[image: image/png]"


def test_an_agent_calls_a_server_that_we_start(agent, child):
    check_agents_calls(agent, child)


def test_an_agent_calls_a_server_elsewhere(agent, elsewhere):
    check_agents_calls(agent, elsewhere)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_the_official_client_calls_a_server_of_ours(calculator, mode):
    async def call():
        async with mcp.Client(url(calculator), mode=mode) as client:
            tools = (await client.list_tools()).tools
            assert [tool.name for tool in tools] == ["add", "divide"]
            assert tools[0].description == "Add two numbers together."
            assert tools[0].input_schema["required"] == ["a", "b"]
            added = await client.call_tool("add", {"a": 2, "b": 2})
            assert added.content[0].text == "4"
            divided = await client.call_tool("divide", {"a": 1, "b": 2})
            assert divided.structured_content == {"quotient": 0.5}
            failed = await client.call_tool("divide", {"a": 1, "b": 0})
            assert failed.is_error
            assert "ZeroDivisionError" in failed.content[0].text

    anyio.run(call)


def test_fastmcps_client_calls_a_server_of_ours(calculator):
    async def call():
        async with fastmcp.Client(url(calculator)) as client:
            assert [tool.name for tool in await client.list_tools()] == ["add", "divide"]
            assert (await client.call_tool("add", {"a": 2, "b": 2})).content[0].text == "4"
            with pytest.raises(ToolError, match="ZeroDivisionError"):
                await client.call_tool("divide", {"a": 1, "b": 0})

    anyio.run(call)


def test_a_client_sees_through_us_what_the_server_says(child):
    async def call():
        async with fastmcp.Client(url(child)) as client:
            tools = {tool.name: tool for tool in await client.list_tools()}
            assert set(tools) == {"multiply", "refuse", "picture"}
            product = await client.call_tool("multiply", {"a": 6, "b": 7})
            assert product.content[0].text == "42"
            assert product.structured_content == {"result": 42}
            [picture] = (await client.call_tool("picture", {})).content
            assert (picture.type, picture.mime_type) == ("image", "image/png")

    anyio.run(call)


def test_a_server_elsewhere_that_ends_is_missed_and_found_again(agent):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    spec = {"runtime": "url", "url": f"http://127.0.0.1:{port}/mcp"}
    path = "/kube/apis/kaos.tools/v1alpha1/namespaces/clients/mcpservers/comes-and-goes"

    def phase() -> str:
        return get(KAOS + path).json()["status"]["phase"]

    with subprocess.Popen(argv("official", "http", str(port))) as process:
        name = server("comes-and-goes", spec)
        assert result(agent, name, "multiply") == "4"
        process.kill()
    # The next call finds out.
    failed = result(agent, name, "multiply")
    assert "comes-and-goes" in failed
    until(lambda: phase() == "Failed")
    answer = ask(agent(f"{name}-multiply"))
    assert answer.choices[0].message.content, "its agent answers all the same"
    with subprocess.Popen(argv("official", "http", str(port))) as process:
        started = time.monotonic()
        until(lambda: phase() == "Ready")
        assert time.monotonic() - started < 60
        assert result(agent, name, "multiply") == "4"
        process.kill()
