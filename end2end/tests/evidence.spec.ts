// From an answer to what it is made of, and from a failure to its span: a run that worked and one that
// did not, both real.

import type { APIRequestContext, Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";
import { type ScriptedModel, callingModel } from "./scripted.ts";

const SLOW_SEARCH = `import time

def slow_search(query: str) -> str:
    """Search the web, slowly."""
    time.sleep(1.5)
    return "NVIDIA 80, AMD 12, Intel 5: " + query
`;

async function prepare(request: APIRequestContext): Promise<ScriptedModel> {
  const calls = {
    seeker: { name: "slow_search", arguments: { query: "AI chips" } },
    ghost: { name: "delegate", arguments: { agent: "analyst-2", task: "Add them up" } },
  };
  const model = await callingModel(calls, "Together they hold 97 percent.");
  await create(request, "ModelAPI", "scripted", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: model.url },
  });
  await create(request, "MCPServer", "slow-search", { runtime: "python-string", params: SLOW_SEARCH });
  await create(request, "Agent", "seeker", {
    modelAPI: "scripted",
    model: "seeker",
    mcpServers: ["slow-search"],
  });
  await create(request, "Agent", "ghost-caller", {
    modelAPI: "scripted",
    model: "ghost",
    agentNetwork: { access: ["researcher"] },
  });
  await becomesReady(request, "MCPServer", "slow-search");
  await becomesReady(request, "Agent", "seeker");
  await becomesReady(request, "Agent", "ghost-caller");
  return model;
}

async function askInChat(page: Page, agent: string): Promise<void> {
  await page.goto(`/ns/${NAMESPACE}/agents/${agent}/chat`);
  await ready(page);
  await page.getByLabel(`Message ${agent}`).fill("Who leads the market for AI chips?");
  await page.getByRole("button", { name: "Send" }).click();
  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toHaveAttribute("data-state", "done", { timeout: 30_000 });
  await expect(answer).toContainText("97 percent");
}

const chosen = (page: Page) => page.locator('[role="treegrid"] [aria-selected="true"]');
const panel = (page: Page) => page.getByTestId("span-panel");

test("a slow tool is found from the answer, and a failing delegation from its exception", async ({
  page,
  request,
}) => {
  test.setTimeout(120_000);
  const model = await prepare(request);

  // The green run: answer, list, trace, the sentence, the span, its logs.
  await askInChat(page, "seeker");
  const link = page.getByRole("link", { name: "Open trace" }).last();
  const path = (await link.getAttribute("href")) ?? "";
  const id = path.replace("/traces/", "");
  await page.goto(`/ns/${NAMESPACE}/traces`);
  await page.getByRole("main").locator(`[data-trace-id="${id}"]`).getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`/traces/${id}`));
  await ready(page);
  await expect(page.getByTestId("trace-outcome")).toContainText("Completed");
  const answer = page.getByTestId("trace-answer");
  await expect(answer).toContainText("Slow because of tool slow_search in seeker");
  await answer.getByRole("link").click();
  await expect(chosen(page)).toContainText("slow_search");
  await expect(panel(page)).toContainText("AI chips");
  await panel(page).getByRole("link", { name: /^Logs/ }).click();
  await expect(panel(page).getByTestId("log-row").first()).toBeVisible();
  const span = await chosen(page).getAttribute("data-span-id");
  await expect(panel(page).locator(`[data-testid="log-row"][data-span-id="${span}"]`).first()).toBeVisible();
  await panel(page).getByRole("link", { name: "Open in Logs" }).click();
  await expect(page).toHaveURL(new RegExp(`/logs\\?trace=${id}&span=${span}`));
  await expect(page.getByRole("main")).toContainText("slow_search");

  // The failing run: one group of exceptions, its failing span, what is known about it.
  await askInChat(page, "ghost-caller");
  await page.goto(`/ns/${NAMESPACE}/exceptions`);
  const exception = page.getByTestId("exception").filter({ hasText: "Sub-agent" });
  await exception.getByRole("link").first().click();
  await page.getByRole("link", { name: "View trace" }).click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}\?span=[0-9a-f]{16}/);
  await ready(page);
  await expect(chosen(page)).toBeFocused();
  await expect(chosen(page)).toHaveAttribute("data-status", "error");
  await expect(chosen(page)).toBeInViewport();
  await panel(page).getByRole("link", { name: /^Exception/ }).click();
  await expect(panel(page)).toContainText("ValueError");
  await expect(panel(page)).toContainText("Sub-agent 'analyst-2' not found");
  const hint = panel(page).getByTestId("hints");
  await expect(hint).toContainText("The closest name is analyst");
  await expect(hint).toContainText("ghost-caller may delegate to: researcher");
  await expectAccessible(page);
  await hint.getByRole("link").first().click();
  await expect(page).toHaveURL(/agents\/ghost-caller\/edit#access/);

  // What both runs add up to.
  await page.goto(`/ns/${NAMESPACE}/metrics`);
  await expect(page.getByRole("main")).toContainText("slow_search");
  model.stop();
});
