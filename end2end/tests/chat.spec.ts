// The coordinator at work, as a person watches it.

import type { Page } from "@playwright/test";

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";

const QUESTION =
  "Research the current AI chip market and calculate the market share of the top 3 companies.";

async function ask(page: Page, question: string): Promise<void> {
  await page.goto(`/ns/${NAMESPACE}/agents/coordinator/chat`);
  await ready(page);
  await page.getByLabel("Message coordinator").fill(question);
  await page.getByLabel("Message coordinator").press("Enter");
}

const answerOf = (page: Page) =>
  page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
const step = (page: Page, kind: string, name: string) =>
  page.locator(`[data-testid="chat-step"][data-kind="${kind}"]`, { hasText: name }).first();

test("steps are shown as they happen, to whom the task went, and the trace is open before the end", async ({
  page,
}) => {
  await ask(page, QUESTION);
  await expect(page.locator('[data-testid="chat-message"][data-role="user"]')).toContainText(
    QUESTION,
  );
  await expect(step(page, "delegate", "researcher")).toHaveAttribute("data-state", "running");
  await expect(answerOf(page)).toHaveAttribute("data-state", "running");
  await expect(page.getByRole("link", { name: "Open trace" })).toBeVisible();
  await expect(step(page, "tool", "echo")).toHaveAttribute("data-state", "done");
  await expect(step(page, "delegate", "analyst")).toHaveAttribute("data-state", "done", {
    timeout: 20_000,
  });

  await expect(answerOf(page)).toHaveAttribute("data-state", "done", { timeout: 20_000 });
  await expect(answerOf(page)).toContainText("7 model calls");
  await expect(answerOf(page).locator("strong", { hasText: "researcher" })).toBeVisible();
  await expect(page).toHaveURL(/\/chat\/[^/]+$/);

  // What was said is the server's, not this page's.
  await page.reload();
  await expect(page.getByText(QUESTION).first()).toBeVisible();
  await expect(page.locator("strong", { hasText: "researcher" }).first()).toBeVisible();
});

test("Stop stops what is at work and keeps what was done", async ({ page }) => {
  await ask(page, QUESTION);
  await expect(step(page, "delegate", "researcher")).toHaveAttribute("data-state", "running");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(answerOf(page)).toHaveAttribute("data-state", "cancelled");
  await expect(step(page, "delegate", "researcher")).toHaveAttribute("data-state", "cancelled");
  await expect(page.getByLabel("Message coordinator")).toBeEnabled();
});
