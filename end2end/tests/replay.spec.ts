// A run that is taken up again from a call of its model, and what is different then.

import { resolve } from "node:path";

import { type APIRequestContext, type Page } from "@playwright/test";

import { expect, expectAccessible, ready, test } from "./fixtures.ts";
import { ask, becomesReady, create, createCalculatingAgent } from "./resources.ts";
import { callingModel } from "./scripted.ts";

/** A Python with FastMCP. */
const PYTHON = process.env.CLIENTS_PYTHON ?? resolve(import.meta.dirname, "../../target/clients-venv/bin/python");
const NOTES = resolve(import.meta.dirname, "../clients/python/mcp_servers/notes.py");
const QUESTION = "What is 2 plus 3?";

/** Asks, and opens the first call of the model in the trace of the answer. */
async function openFirstModelCall(page: Page, request: APIRequestContext, agent: string): Promise<string> {
  await createCalculatingAgent(request, agent);
  const { traceId } = await ask(request, agent, QUESTION);
  await page.goto(`/traces/${traceId}`);
  await ready(page);
  await openReplay(page, traceId, "first");
  await ready(page);
  return traceId;
}

/** From a trace to the form of one of its calls of the model. */
async function openReplay(page: Page, traceId: string, which: "first" | "last"): Promise<void> {
  await expect(page.getByTestId("trace-outcome")).toContainText("Completed");
  const calls = page.locator('[data-testid="span-row"][data-kind="model"]');
  const call = which === "first" ? calls.first() : calls.last();
  const span = await call.getAttribute("data-span-id");
  await call.click();
  // Until the chosen span's panel has come, that of another call stands there.
  const replay = page.getByTestId("span-panel").locator(`a[href$="/replay?span=${span}"]`);
  await expect(replay).toHaveText("Replay from here");
  await replay.click();
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}/replay\\?span=${span}`));
}

/** Waits for the comparison with the new run, and reads the spans of that. */
async function replayed(page: Page, request: APIRequestContext, traceId: string): Promise<string> {
  await expect(page).toHaveURL(new RegExp(`/traces/compare\\?a=${traceId}&b=[0-9a-f]{32}`), {
    timeout: 60_000,
  });
  const replay = /b=([0-9a-f]{32})/.exec(page.url())?.[1] ?? "";
  return (await request.get(`/jaeger/api/v3/traces/${replay}`)).text();
}

test("a run is replayed dry with an edited prompt, and compared with the first", async ({
  page,
  request,
}) => {
  const traceId = await openFirstModelCall(page, request, "replayed");
  const asked = page.getByLabel(/^2 · user/);
  await expect(asked).toHaveValue(QUESTION);
  await expect(page.getByRole("radio", { name: /^Dry/ })).toBeChecked();
  await expectAccessible(page);
  await asked.fill("Please tell me: what is 2 plus 3?");
  await page.getByText("Recorded results").click();
  await page.getByLabel(/^add\(/).fill("recorded five");
  await page.getByRole("button", { name: "Replay" }).click();

  await expect(page).toHaveURL(new RegExp(`/traces/compare\\?a=${traceId}&b=[0-9a-f]{32}`), {
    timeout: 60_000,
  });
  await ready(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Compare two runs");
  await expect(page.getByRole("main")).toContainText("Please tell me");
  await expect(page.getByRole("main")).toContainText("recorded five");
  await expectAccessible(page);

  const replay = /b=([0-9a-f]{32})/.exec(page.url())?.[1] ?? "";
  await page.goto(`/traces/${replay}`);
  await ready(page);
  await expect(page.getByText("Replay of an earlier run")).toBeVisible();
  await page.getByRole("link", { name: "an earlier run" }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}`));
});

test("a run is replayed for real with another system prompt", async ({ page, request }) => {
  const traceId = await openFirstModelCall(page, request, "replayed-really");
  await page.getByLabel(/^1 · system/).fill("Add, and be brief.");
  await page.getByRole("radio", { name: /^For real/ }).check();
  await page.getByRole("button", { name: "Replay" }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/compare\\?a=${traceId}`), { timeout: 60_000 });
  await ready(page);
  await expect(page.getByRole("main")).toContainText("Prompt differs");
  await expect(page.getByRole("main")).toContainText("brief.");
  const steps = page.getByRole("row").filter({ hasText: "add" });
  await expect(steps.first()).not.toContainText("only in");
});

test.describe("a form that cannot be sent", () => {
  test.use({ toleratedErrors: [/status of 422/] });

  test("says so at the field, and keeps what was edited", async ({ page, request }) => {
    await openFirstModelCall(page, request, "replayed-wrongly");
    await page.getByLabel(/^2 · user/).fill("What is 4 plus 5?");
    await page.getByLabel(/^Temperature/).fill("hot");
    await page.getByRole("button", { name: "Replay" }).click();
    await expect(page.getByLabel(/^Temperature/)).toHaveAttribute("aria-invalid", "true");
    await expect(page.getByLabel(/^2 · user/)).toHaveValue("What is 4 plus 5?");
  });
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled, toleratedErrors: [/status of 422/] });

    test("messages are added and left out, and a call goes with its results", async ({
      page,
      request,
    }) => {
      const agent = javaScriptEnabled ? "retold" : "retold-plainly";
      await createCalculatingAgent(request, agent);
      const { traceId } = await ask(request, agent, QUESTION);
      await page.goto(`/traces/${traceId}`);
      if (javaScriptEnabled) await ready(page);
      await openReplay(page, traceId, "last");
      if (javaScriptEnabled) await ready(page);
      const messages = page.locator(".replay-said li");
      await expect(messages).toHaveCount(4);
      await page.getByLabel("2 · user").fill("Tell me: what is 2 plus 3?");

      // The result of a call has no button of its own: it stays with its call.
      await expect(page.getByLabel("4 · result of add")).toBeVisible();
      await expect(messages.nth(3)).toContainText("Stays with its call, in message 3");
      await expect(messages.nth(3).getByRole("button")).toHaveCount(0);
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Remove with its results message 3" }).click();
      await expect(messages).toHaveCount(2);

      await page.getByRole("button", { name: "Add above message 2" }).click();
      await expect(messages).toHaveCount(3);
      await expect(page.getByLabel("2 · added message")).toBeFocused();
      await page.getByLabel("2 · said by").selectOption("assistant");
      await page.getByLabel("2 · added message").fill("Ask me for sums.");
      await page.getByRole("button", { name: "Add a message" }).click();
      await expect(messages).toHaveCount(4);
      await expect(page.getByLabel("3 · user")).toHaveValue("Tell me: what is 2 plus 3?");

      // An added message that says nothing is refused at its field.
      await page.getByRole("button", { name: "Replay" }).click();
      await expect(page.getByLabel("4 · added message")).toHaveAttribute("aria-invalid", "true");
      await expect(page.getByLabel("2 · said by")).toHaveValue("assistant");
      await expect(page.getByLabel("2 · added message")).toHaveValue("Ask me for sums.");
      if (javaScriptEnabled) await expectAccessible(page);
      await page.getByRole("button", { name: "Remove message 4" }).click();
      await expect(messages).toHaveCount(3);

      // Enter replays, though other buttons stand before that one.
      await page.getByLabel("Model", { exact: true }).press("Enter");
      const spans = await replayed(page, request, traceId);
      expect(spans).toContain("Ask me for sums.");
      expect(spans).toContain("Tell me: what is 2 plus 3?");
    });
  });
}

test.describe("a tool that says it destroys something", () => {
  test.use({ toleratedErrors: [/status of 422/] });

  test("is called in a real replay only when that is ticked", async ({ page, request }) => {
    test.setTimeout(120_000);
    const deletion = { name: "delete_note", arguments: { name: "draft" } };
    const model = await callingModel({ deleter: deletion }, "It is gone.");
    const proxyConfig = { models: ["*"], provider: "openai", apiBase: model.url };
    await create(request, "ModelAPI", "scripted", { mode: "Proxy", proxyConfig });
    const container = { command: [PYTHON, NOTES] };
    await create(request, "MCPServer", "notes", { runtime: "custom", container });
    await becomesReady(request, "MCPServer", "notes");
    const agent = { modelAPI: "scripted", model: "deleter", mcpServers: ["notes"] };
    await create(request, "Agent", "deleter", agent);
    await becomesReady(request, "Agent", "deleter");
    const { traceId } = await ask(request, "deleter", "Delete the draft.");
    await page.goto(`/traces/${traceId}`);
    await ready(page);
    await openReplay(page, traceId, "first");
    const form = page.url();
    const tick = page.getByRole("checkbox", { name: /^Allow notes\/delete_note/ });

    /** Sends the form for a real replay without the tick, and is refused. */
    const refused = async () => {
      await page.goto(form);
      await ready(page);
      await expect(tick).not.toBeChecked();
      await page.getByRole("radio", { name: /^For real/ }).check();
      await page.getByRole("button", { name: "Replay" }).click();
      await expect(tick).toHaveAttribute("aria-invalid", "true");
      await expect(tick).toHaveAccessibleDescription(/Tick each that may be called/);
      await expect(page.getByRole("radio", { name: /^For real/ })).toBeChecked();
    };
    await refused();
    await expectAccessible(page);
    await tick.check();
    await page.getByRole("button", { name: "Replay" }).click();
    // The server counts: the first run was the only one that called it before.
    expect(await replayed(page, request, traceId)).toContain("deleted 2 so far");

    // Who says so goes on without it.
    await refused();
    await page.getByRole("checkbox", { name: /^Replay without what is not ticked/ }).check();
    await page.getByRole("button", { name: "Replay" }).click();
    const without = await replayed(page, request, traceId);
    expect(without).toContain("this replay does not allow notes/delete_note");
    const { traceId: last } = await ask(request, "deleter", "Delete the draft.");
    // Spans are stored a moment after the answer.
    const spans = async () => (await request.get(`/jaeger/api/v3/traces/${last}`)).text();
    await expect.poll(spans).toContain("deleted 3 so far");
    model.stop();
  });
});
