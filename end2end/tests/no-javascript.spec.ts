// Every page to be read is complete as the server sends it.

import { NAMESPACE, expect, test } from "./fixtures.ts";
import { ask, becomesReady, createCalculatingAgent } from "./resources.ts";

test.use({ javaScriptEnabled: false });

test("the overview, the agents and an agent can be read", async ({ page, request }) => {
  await becomesReady(request, "Agent", "coordinator");
  await page.goto("/");
  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}$`));
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();

  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Agents" }).first().click();
  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents$`));
  for (const agent of ["coordinator", "researcher", "analyst"]) {
    await expect(page.getByRole("main").getByRole("link", { name: agent }).first()).toBeVisible();
  }

  await page.getByRole("main").getByRole("link", { name: "coordinator" }).first().click();
  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents/coordinator$`));
  const main = page.getByRole("main");
  await expect(main.getByText("Ready", { exact: true }).first()).toBeVisible();
  await expect(main.getByRole("link", { name: "researcher" }).first()).toBeVisible();
});

test("a trace is found in the list and can be read down to a tool's arguments", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "plain-adder");
  const { answer, traceId } = await ask(request, "plain-adder", "What is 41 plus 58?");
  expect(answer).toContain("99");

  await page.goto(`/ns/${NAMESPACE}/traces`);
  const main = page.getByRole("main");
  await main.locator(`[data-trace-id="${traceId}"]`).getByRole("link").first().click();
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}`));
  await expect(main).toContainText("plain-adder");

  // Rows are links without JavaScript: each opens its span beside the tree.
  const row = page.locator('[data-testid="span-row"][data-kind="tool"]', { hasText: "add" }).first();
  await row.click();
  await expect(page).toHaveURL(/span=[0-9a-f]{16}/);
  await expect(page.getByTestId("span-panel")).toContainText("41");
  await expect(page.getByTestId("span-panel")).toContainText("58");
});

test("a message is sent by a form, and the page shows its answer once it is there", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "plain-talker");
  await page.goto(`/ns/${NAMESPACE}/agents/plain-talker/chat`);
  await page.getByLabel("Message plain-talker").fill("What is 30 plus 12?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page).toHaveURL(/\/agents\/plain-talker\/chat\/[^/]+$/);
  // The page loads itself again until the run has ended.
  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]');
  await expect(answer.last()).toContainText("42", { timeout: 30_000 });
  await expect(page.locator('[data-testid="chat-message"][data-role="user"]')).toHaveCount(1);

  await page.getByLabel("Message plain-talker").fill("And 1 plus 1?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(answer).toHaveCount(2, { timeout: 30_000 });
});
