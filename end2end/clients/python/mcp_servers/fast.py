"""A server made with FastMCP: `fast.py stdio`, `fast.py http PORT` or `fast.py sse PORT`."""

import sys

from fastmcp import FastMCP
from fastmcp.utilities.types import Image

server = FastMCP("fast")


@server.tool
def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


@server.tool
def refuse(why: str) -> str:
    raise ValueError(f"not today: {why}")


@server.tool
def picture() -> Image:
    return Image(data=b"\x89PNG", format="png")


if sys.argv[1] == "stdio":
    server.run(show_banner=False)
else:
    server.run(sys.argv[1], show_banner=False, host="127.0.0.1", port=int(sys.argv[2]))
