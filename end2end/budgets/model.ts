// A model whose words come when a measurement wants them.

import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";

export interface Model {
  url: string;
  /** When the first word of the last answer left, on the clock of `performance`. */
  spokeAt(): number;
  stop(): void;
}

/** A model that says so many words a second, for so long. */
export async function startModel(wordsPerSecond: number, seconds: number): Promise<Model> {
  let spokeAt = 0;
  const server: Server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (delta: object, finish_reason: string | null) =>
      response.write(`data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
    const total = wordsPerSecond * seconds;
    const begun = performance.now();
    spokeAt = performance.timeOrigin + begun;
    let said = 0;
    // By the clock, so that a timer that is late does not slow it down.
    const timer = setInterval(() => {
      const due = Math.min(total, ((performance.now() - begun) / 1000) * wordsPerSecond);
      for (; said < due; said += 1) say({ content: said % 12 === 11 ? "word.\n" : "word " }, null);
      if (said < total) return;
      clearInterval(timer);
      say({}, "stop");
      response.end("data: [DONE]\n\n");
    }, 5);
    say({ content: "word " }, null);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    spokeAt: () => spokeAt,
    stop: () => server.close(),
  };
}
