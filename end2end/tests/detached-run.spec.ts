// A run lives on the server: pages come back to it, watch it together, and stop it.

import { type APIRequestContext, type Page } from "@playwright/test";

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

const answers = (page: Page) =>
  page.locator('[data-testid="chat-message"][data-role="assistant"]');
const questions = (page: Page) => page.locator('[data-testid="chat-message"][data-role="user"]');
const step = (page: Page, kind: string, name: string) =>
  page.locator(`[data-testid="chat-step"][data-kind="${kind}"]`, { hasText: name }).first();

async function ask(page: Page, agent: string, question: string): Promise<void> {
  await page.goto(`/ns/${NAMESPACE}/agents/${agent}/chat`);
  await ready(page);
  await page.getByLabel(`Message ${agent}`).fill(question);
  await page.getByLabel(`Message ${agent}`).press("Enter");
  // The address names the session from the run's first event on.
  await expect(page).toHaveURL(/\/chat\/[^/]+$/);
}

/** An agent whose model takes half a minute to begin. */
async function createSlowAgent(request: APIRequestContext, name: string): Promise<void> {
  await create(request, "Agent", name, { modelAPI: "llm-proxy", model: "mock/slow" });
  await becomesReady(request, "Agent", name);
}

test("a run goes on while its page is reloaded, and is shown from its beginning to its end", async ({
  page,
}) => {
  const question = "Who leads the market for AI chips?";
  await ask(page, "coordinator", question);
  await expect(step(page, "delegate", "researcher")).toHaveAttribute("data-state", "running");
  const run = await answers(page).last().getAttribute("data-run-id");

  await page.reload();
  await ready(page);
  await expect(answers(page).last()).toHaveAttribute("data-run-id", run ?? "none");
  await expect(answers(page).last()).toHaveAttribute("data-state", "running");
  await expect(step(page, "delegate", "researcher")).toBeVisible();
  await expect(answers(page).last()).toHaveAttribute("data-state", "done", { timeout: 30_000 });
  await expect(step(page, "delegate", "researcher")).toHaveAttribute("data-state", "done");
  await expect(step(page, "tool", "echo")).toHaveAttribute("data-state", "done");
  await expect(answers(page).last()).toContainText("7 model calls");
  await expect(answers(page)).toHaveCount(1);
  await expect(questions(page)).toHaveCount(1);
  await expect(questions(page)).toContainText(question);
});

test("Stop ends a run that was begun before the page was loaded, for everybody who watches", async ({
  context,
  page,
  request,
}) => {
  await createSlowAgent(request, "patient");
  await ask(page, "patient", "Take your time.");
  await expect(step(page, "model", "mock/slow")).toHaveAttribute("data-state", "running");
  await page.reload();
  await ready(page);
  await expect(step(page, "model", "mock/slow")).toHaveAttribute("data-state", "running");
  const other = await context.newPage();
  await other.goto(page.url());
  await expect(step(other, "model", "mock/slow")).toHaveAttribute("data-state", "running");

  await page.getByRole("button", { name: "Stop" }).click();
  for (const watched of [page, other]) {
    await expect(answers(watched).last()).toHaveAttribute("data-state", "cancelled");
    await expect(step(watched, "model", "mock/slow")).toHaveAttribute("data-state", "cancelled");
    await expect(watched.getByLabel("Message patient")).toBeEnabled();
  }
  const runs = async () => (await (await request.get("/api/runs?agent=patient")).json()).runs;
  await expect.poll(async () => (await runs())[0].state).toBe("cancelled");
  expect(await runs()).toHaveLength(1);

  // What is left of it is the server's.
  await page.reload();
  await expect(page.getByText("Take your time.").first()).toBeVisible();
  await expect(answers(page).last()).toHaveAttribute("data-state", "cancelled");
});
