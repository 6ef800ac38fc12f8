// A model that says what a test wants, as a provider that speaks OpenAI's API would.

import { type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";

export interface ScriptedModel {
  /** Goes into `apiBase`. */
  url: string;
  stop(): void;
}

/** A question, as far as a script looks at it. */
export interface Asked {
  model: string;
  stream?: boolean;
  messages: { role: string }[];
}

/** What is asked without a body: which models there are. */
const LIST: Asked = { model: "", messages: [] };

/** A call of a function. */
export interface Call {
  name: string;
  arguments: object;
}

/** Starts a model; `answer` is called for every question. */
export async function scriptedModel(
  answer: (response: ServerResponse, asked: Asked) => void,
): Promise<ScriptedModel> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => answer(response, body === "" ? LIST : (JSON.parse(body) as Asked)));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, stop: () => server.close() };
}

/** A model that makes the one call of its name, and says these words once it has the result. */
export function callingModel(calls: Record<string, Call>, words: string): Promise<ScriptedModel> {
  return scriptedModel((response, { model, stream, messages }) => {
    const call = messages.some(({ role }) => role === "tool") ? undefined : calls[model];
    const asked = call && { name: call.name, arguments: JSON.stringify(call.arguments) };
    const said = asked
      ? { content: null, tool_calls: [{ index: 0, id: "call-1", type: "function", function: asked }] }
      : { content: words };
    const finish_reason = asked ? "tool_calls" : "stop";
    if (stream !== true) {
      const message = { role: "assistant", ...said };
      const choices = [{ index: 0, message, finish_reason }];
      const body = { id: "c", object: "chat.completion", created: 0, model, choices };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
      return;
    }
    begin(response);
    send(response, said, null);
    send(response, {}, finish_reason);
    response.end("data: [DONE]\n\n");
  });
}

/** Streams these words, one piece each. */
export function say(response: ServerResponse, ...pieces: string[]): void {
  begin(response, ...pieces);
  finish(response, pieces.length);
}

/** Streams these words, and leaves it open whether there are more. */
export function begin(response: ServerResponse, ...pieces: string[]): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  for (const content of pieces) send(response, { content }, null);
}

/** Ends an answer of so many tokens. */
export function finish(response: ServerResponse, nTokens: number): void {
  send(response, {}, "stop", {
    usage: { prompt_tokens: 11, completion_tokens: nTokens, total_tokens: 11 + nTokens },
  });
  response.end("data: [DONE]\n\n");
}

function send(response: ServerResponse, delta: object, finish_reason: string | null, more = {}) {
  const chunk = { id: "c", choices: [{ index: 0, delta, finish_reason }], ...more };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}
