"""Serves Python functions as MCP tools over standard input and output.

The first line of standard input is a JSON object {"name", "code"}. The code is run once; every
public function it defines at the top level is a tool: its name, its docstring and its type hints
say all there is to say. From the second line on, standard input speaks MCP.

Whatever the code prints goes to standard error, so that it cannot disturb the protocol; each line
is marked with the trace of the call that printed it. The second half of a program; `hints.py` is
the first.
"""

import asyncio
import ctypes
import dataclasses
import datetime
import decimal
import inspect
import io
import json
import linecache
import os
import pathlib
import sys
import threading
import time
import traceback
import types
import uuid

FILE = "tools.py"
VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
MAX_CALLS = 32
MAX_RESULT_BYTES = 4 * 1024 * 1024
MAX_PRINTED_LINE = 4000
TRACEBACK_LINES = 12
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
SERVER_ERROR, INTERNAL_ERROR = -32000, -32603


class Refused(Exception):
    """A request that is answered with a JSON-RPC error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Cancelled(BaseException):
    """Raised inside a call that the client has given up."""


# --- tools ---


class Tool:
    """A function, and what a client is told about it."""

    def __init__(self, name, function):
        self.name = name
        self.function = function
        self.hints = hints_of(function)
        self.parameters = inspect.signature(function).parameters
        self.doc = inspect.getdoc(function) or ""
        self.description = self.describe()

    def describe(self):
        properties, required, notes = {}, [], argument_notes(self.doc)
        for name, parameter in self.named():
            schema = dict(schema_of(self.hints.get(name)))
            if parameter.kind is parameter.VAR_POSITIONAL:
                schema = {"type": "array", "items": schema}
            elif parameter.default is parameter.empty:
                required.append(name)
            elif is_json(parameter.default):
                schema["default"] = parameter.default
            if name in notes:
                schema.setdefault("description", notes[name])
            properties[name] = schema
        schema = {"type": "object", "properties": properties, "required": required}
        if not self.takes_any():
            schema["additionalProperties"] = False
        described = {"name": self.name, "description": self.doc, "inputSchema": schema}
        unknown = [name for name, _ in self.named() if name not in self.hints]
        if unknown:
            warning = "%s has no type hint for %s, so it takes anything" % (
                self.name, ", ".join(unknown))
            described["_meta"] = {"kaos.tools/warning": warning}
        return described

    def arguments(self, given):
        """The arguments for the call, or a Mismatch that a model can act upon."""
        named = dict(self.named())
        unknown = [name for name in given if name not in named]
        if unknown and not self.takes_any():
            takes = ", ".join(named) or "no arguments"
            raise Mismatch('unknown argument "%s"; %s takes %s' % (unknown[0], self.name, takes))
        for name, parameter in named.items():
            is_optional = parameter.kind is parameter.VAR_POSITIONAL
            if parameter.default is parameter.empty and name not in given and not is_optional:
                raise Mismatch('argument "%s" is required' % name)
        return {name: self.argument(name, value) for name, value in given.items()}

    def argument(self, name, value):
        parameter = self.parameters.get(name)
        if parameter is not None and value is None and parameter.default is None:
            return None
        try:
            if parameter is not None and parameter.kind is parameter.VAR_POSITIONAL:
                return [convert(item, self.hints.get(name)) for item in from_text(value, list, "a list")]
            return convert(value, self.hints.get(name))
        except Mismatch as mismatch:
            got = json.dumps(value, ensure_ascii=False)[:80]
            raise Mismatch('argument "%s" must be %s, not %s' % (name, mismatch, got))

    def call(self, given):
        arguments = self.arguments(given)
        positional = []
        for name, parameter in self.positional():
            if name in arguments:
                value = arguments.pop(name)
                positional += value if parameter.kind is parameter.VAR_POSITIONAL else [value]
        result = self.function(*positional, **arguments)
        if inspect.isawaitable(result):
            return asyncio.run(finish(result))
        if inspect.isasyncgen(result):
            return asyncio.run(collect(result))
        return list(result) if inspect.isgenerator(result) else result

    def positional(self):
        """What has to be given by its place. With `*args`, that is all that stands before them."""
        kinds = [parameter.kind for parameter in self.parameters.values()]
        by_place = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL}
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            by_place.add(inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return [(n, p) for n, p in self.parameters.items() if p.kind in by_place]

    def named(self):
        return [(n, p) for n, p in self.parameters.items() if p.kind is not p.VAR_KEYWORD]

    def takes_any(self):
        return any(p.kind is p.VAR_KEYWORD for p in self.parameters.values())


async def finish(awaitable):
    return await awaitable


async def collect(generator):
    return [item async for item in generator]


def argument_notes(doc):
    """What a docstring's "Args:" section says of each argument."""
    notes, within = {}, False
    for line in doc.splitlines():
        if line.strip().startswith(":param "):
            name, _, note = line.strip()[len(":param "):].partition(":")
            notes[name.split()[-1] if name.split() else ""] = note.strip()
        elif line.strip() in ("Args:", "Arguments:", "Parameters:"):
            within = True
        elif within and line and not line.startswith(" "):
            within = False
        elif within and ":" in line:
            name, note = line.strip().split(":", 1)
            notes[name.split("(")[0].strip()] = note.strip()
    return notes


def is_json(value):
    try:
        json.dumps(value, allow_nan=False)
        return True
    except (TypeError, ValueError):
        return False


def tools_of(namespace):
    """The public functions that the code itself defines, in their order."""
    tools = {}
    for name, value in namespace.items():
        inner = inspect.unwrap(value) if callable(value) else None
        code = getattr(inner, "__code__", None)
        if code is not None and code.co_filename == FILE and not name.startswith("_"):
            try:
                tools[name] = Tool(name, value)
            except Exception as error:
                place = "%s, line %s" % (FILE, code.co_firstlineno)
                raise ValueError("%s: %s cannot be a tool: %s" % (place, name, error))
    return tools


def load(source):
    """Runs the code; raises ValueError("tools.py, line 2: …") when that fails."""
    linecache.cache[FILE] = (len(source), None, source.splitlines(True), FILE)
    # Registered, because dataclasses and type hints look their module up.
    module = sys.modules["kaos_tools"] = types.ModuleType("kaos_tools")
    try:
        exec(compile(source, FILE, "exec"), module.__dict__)
    except SyntaxError as error:
        raise ValueError("%s, line %s: %s" % (FILE, error.lineno, error.msg))
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
        line = frames[-1].lineno if frames else "?"
        raise ValueError("%s, line %s: %s: %s" % (FILE, line, type(error).__name__, error))
    tools = tools_of(vars(module))
    if not tools:
        raise ValueError("the code defines no public function; write one with def")
    return tools


# --- the protocol ---


class Server:
    """One client, the tools, and the calls under way."""

    def __init__(self, name, tools, output):
        self.name = name
        self.tools = tools
        self.output = output
        self.lock = threading.Lock()
        self.calls = {}

    def send(self, message):
        line = json.dumps(dict({"jsonrpc": "2.0"}, **message), ensure_ascii=False) + "\n"
        with self.lock:
            self.output.write(line.encode("utf-8", "backslashreplace"))
            self.output.flush()

    def send_error(self, request_id, code, message):
        self.send({"id": request_id, "error": {"code": code, "message": message}})

    def receive(self, line):
        try:
            message = json.loads(line)
        except ValueError as error:
            return self.send_error(None, PARSE_ERROR, "not JSON: %s" % error)
        for single in message if isinstance(message, list) else [message]:
            self.handle(single)

    def handle(self, message):
        if not isinstance(message, dict):
            return self.send_error(None, INVALID_REQUEST, "a message must be an object")
        method, params = message.get("method"), message.get("params") or {}
        if "id" not in message:
            if method == "notifications/cancelled":
                self.cancel(params.get("requestId"))
            return None
        if method is None:
            return None  # The answer to a question that we never ask.
        try:
            if method == "tools/call":
                return self.start_call(message["id"], params)
            return self.send({"id": message["id"], "result": self.answer(method, params)})
        except Refused as refused:
            return self.send_error(message["id"], refused.code, str(refused))
        except Exception as error:
            # A type hint that is no type, for instance; the other requests go on.
            return self.send_error(message["id"], INTERNAL_ERROR,
                                   "%s: %s" % (type(error).__name__, error))

    def answer(self, method, params):
        if method == "initialize":
            asked = params.get("protocolVersion")
            return {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": self.name, "version": "1.0.0"},
            }
        if method == "ping":
            return {}
        if method == "tools/list":
            return {"tools": [tool.description for tool in self.tools.values()]}
        raise Refused(METHOD_NOT_FOUND, 'there is no method "%s"' % method)

    def start_call(self, request_id, params):
        tool = self.tools.get(params.get("name"))
        if tool is None:
            offered = ", ".join(self.tools)
            raise Refused(INVALID_PARAMS,
                          'there is no tool "%s"; there are: %s' % (params.get("name"), offered))
        with self.lock:
            if len(self.calls) >= MAX_CALLS:
                raise Refused(SERVER_ERROR, "%d calls are under way; try again" % MAX_CALLS)
            thread = threading.Thread(target=self.call, args=(request_id, tool, params), daemon=True)
            self.calls[request_id] = thread
        thread.start()

    def call(self, request_id, tool, params):
        traceparent = (params.get("_meta") or {}).get("traceparent")
        CALL.mark = MARK + traceparent + MARK if traceparent else ""
        try:
            result = outcome(tool, params.get("arguments") or {})
        except Cancelled:
            return
        finally:
            for printed in PRINTED:
                printed.end_line()
            with self.lock:
                wanted = self.calls.pop(request_id, None) is not None
        if wanted:
            self.send({"id": request_id, "result": result})

    def cancel(self, request_id):
        with self.lock:
            thread = self.calls.pop(request_id, None)
        if thread is not None and thread.ident is not None:
            # Reaches the thread at its next line of Python; what it waits for, it finishes first.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(Cancelled))


def outcome(tool, given):
    """The result of a call, failures included: the model is to read them."""
    try:
        if not isinstance(given, dict):
            raise Mismatch("the arguments must be an object")
        return result_of(tool.call(given))
    except Mismatch as mismatch:
        text = "%s: %s" % (tool.name, mismatch)
    except Cancelled:
        raise
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != "<string>"]
        lines = "".join(traceback.format_list(frames)).splitlines()[-TRACEBACK_LINES:]
        text = "\n".join(["%s: %s" % (type(error).__name__, error)] + lines)
    return {"content": [{"type": "text", "text": text}], "isError": True}


def result_of(value):
    """What a function returned, as text; beside it as it is, where it is an object."""
    try:
        text = value if isinstance(value, str) else json.dumps(
            value, ensure_ascii=False, default=plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise Mismatch("the result cannot be passed on: %s" % error)
    size = len(text.encode("utf-8", "backslashreplace"))
    if size > MAX_RESULT_BYTES:
        raise Mismatch("the result has %d bytes, and no more than %d can be passed on; return less"
                       % (size, MAX_RESULT_BYTES))
    result = {"content": [{"type": "text", "text": text}]}
    structured = None if isinstance(value, str) else json.loads(text)
    # Python knows numbers that JSON does not.
    if isinstance(structured, dict) and is_json(structured):
        result["structuredContent"] = structured
    return result


def plain(value):
    """What JSON has no word for, in the words it has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, pathlib.PurePath, datetime.timedelta)):
        return str(value)
    raise TypeError("JSON has no word for %s; return text, numbers, lists or dicts"
                    % type(value).__name__)


# --- what is printed ---

MARK = "\x1f"


CALL = threading.local()


class Printed(io.TextIOBase):
    """Standard output or error of the code, to be read line by line beside those of other calls."""

    encoding, errors = "utf-8", "backslashreplace"

    def __init__(self):
        self.of_thread = threading.local()

    def write(self, text):
        lines = (getattr(self.of_thread, "rest", "") + text).split("\n")
        rest = lines.pop()
        while len(rest) > MAX_PRINTED_LINE:
            lines.append(rest[:MAX_PRINTED_LINE])
            rest = rest[MAX_PRINTED_LINE:]
        self.of_thread.rest = rest
        if lines:
            mark = getattr(CALL, "mark", "")
            said = "".join(mark + line + "\n" for line in lines)
            self.buffer.write(said.encode(self.encoding, self.errors))
            self.buffer.flush()
        return len(text)

    def end_line(self):
        if getattr(self.of_thread, "rest", ""):
            self.write("\n")

    def writable(self):
        return True

    def fileno(self):
        return 2

    @property
    def buffer(self):
        return sys.__stderr__.buffer


PRINTED = (Printed(), Printed())


def private_streams():
    """The protocol's own streams; everyone else gets nothing to read and standard error to write."""
    source = os.fdopen(os.dup(0), "rb")
    output = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin, (sys.stdout, sys.stderr) = open(os.devnull), PRINTED
    return source, output


def end_with_parent(parent):
    """Who is killed cannot end us, and the functions here may never come back to read."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main():
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    source, output = private_streams()
    setup = json.loads(source.readline())
    try:
        server = Server(setup["name"], load(setup["code"]), output)
    except ValueError as error:
        # Said as the answer to "initialize", because that is what the client reads.
        request = json.loads(source.readline() or "{}")
        Server(setup["name"], {}, output).send_error(request.get("id"), SERVER_ERROR, str(error))
        os._exit(1)
    for line in source:
        if line.strip():
            server.receive(line)
    os._exit(0)


main()
