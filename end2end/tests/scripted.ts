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
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (delta: object, finish_reason: string | null, more: object = {}) =>
    response.write(
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }], ...more })}\n\n`,
    );
  for (const content of pieces) send({ content }, null);
  send({}, "stop", {
    usage: { prompt_tokens: 11, completion_tokens: pieces.length, total_tokens: 11 + pieces.length },
  });
  response.end("data: [DONE]\n\n");
}
