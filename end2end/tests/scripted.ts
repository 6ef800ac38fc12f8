// A model that says what a test wants, as a provider that speaks OpenAI's API would.

import { type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";

export interface ScriptedModel {
  /** Goes into `apiBase`. */
  url: string;
  stop(): void;
}

/** Starts a model; `answer` is called for every question. */
export async function scriptedModel(
  answer: (response: ServerResponse) => void,
): Promise<ScriptedModel> {
  const server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/v1`, stop: () => server.close() };
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
