// A run that is taken up again from a call of its model, and what is different then.

import { type APIRequestContext, type Page } from "@playwright/test";

import { expect, expectAccessible, ready, test } from "./fixtures.ts";
import { ask, createCalculatingAgent } from "./resources.ts";

const QUESTION = "What is 2 plus 3?";

/** Asks, and opens the first call of the model in the trace of the answer. */
async function openFirstModelCall(page: Page, request: APIRequestContext, agent: string): Promise<string> {
  await createCalculatingAgent(request, agent);
  const { traceId } = await ask(request, agent, QUESTION);
  await page.goto(`/traces/${traceId}`);
  await ready(page);
  const tree = page.getByRole("treegrid", { name: "Spans" });
  await tree.locator('[data-testid="span-row"][data-kind="model"]').first().click();
  const panel = page.getByTestId("span-panel");
  await expect(panel.getByRole("heading", { name: "model.inference" })).toBeVisible();
  await panel.getByRole("link", { name: "Replay from here" }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}/replay\\?span=[0-9a-f]{16}`));
  await ready(page);
  return traceId;
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
