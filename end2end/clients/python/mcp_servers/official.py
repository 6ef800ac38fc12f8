"""A server made with the official SDK: `official.py stdio`, `official.py http PORT` or `… sse PORT`."""

import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Image

server = MCPServer("official")


@server.tool()
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@server.tool()
def refuse(why: str) -> str:
    raise ValueError(f"not today: {why}")


@server.tool()
def picture() -> Image:
    return Image(data=b"\x89PNG", format="png")


if sys.argv[1] == "stdio":
    server.run()
else:
    transport = {"http": "streamable-http", "sse": "sse"}[sys.argv[1]]
    server.run(transport, host="127.0.0.1", port=int(sys.argv[2]))
