// A model that is busy is asked again, and whoever waits sees why.

import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

/** A model that is busy the first time, and asks for two seconds of rest. */
function busyModel(): Server {
  let asked = 0;
  return createServer((request, response) => {
    request.resume();
    asked += 1;
    if (asked === 1) {
      response.writeHead(429, { "content-type": "application/json", "retry-after": "2" });
      response.end(JSON.stringify({ error: { message: "too many at once", type: "rate_limit" } }));
      return;
    }
    const piece = (delta: object, finish_reason: string | null) =>
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${piece({ content: "Now I can." }, null)}${piece({}, "stop")}data: [DONE]\n\n`);
  });
}

test("the chat says that a busy model is asked again, and keeps why", async ({ page, request }) => {
  const model = busyModel();
  await new Promise<void>((listening) => model.listen(0, "127.0.0.1", listening));
  const { port } = model.address() as AddressInfo;
  await create(request, "ModelAPI", "busy", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: `http://127.0.0.1:${port}/v1` },
  });
  await create(request, "Agent", "persistent", { modelAPI: "busy", model: "gpt-busy" });
  await becomesReady(request, "Agent", "persistent");

  await page.goto(`/ns/${NAMESPACE}/agents/persistent/chat`);
  await ready(page);
  await page.getByLabel("Message persistent").fill("Are you there?");
  await page.getByRole("button", { name: "Send" }).click();
  const step = page.locator('[data-testid="chat-step"][data-kind="model"]').first();
  await expect(step).toContainText("answered 429, asking again in 2");
  await expect(step).toHaveAttribute("data-state", "running");

  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toContainText("Now I can.");
  await expect(answer).toHaveAttribute("data-state", "done");
  await step.locator("summary").click();
  await expect(step.locator("pre")).toContainText("too many at once");
  model.close();
});
