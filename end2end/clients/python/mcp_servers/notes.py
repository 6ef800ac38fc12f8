"""A server made with FastMCP, on standard input and output, whose tool says that it destroys something."""

from fastmcp import FastMCP

server = FastMCP("notes")
deleted: list[str] = []


@server.tool(annotations={"destructiveHint": True})
def delete_note(name: str) -> str:
    """Delete a note."""
    deleted.append(name)
    return f"deleted {len(deleted)} so far"


server.run(show_banner=False)
