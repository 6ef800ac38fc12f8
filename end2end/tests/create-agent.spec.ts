// The main job in a browser: from an empty form to the arguments of a tool call.

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";

test("an agent made by the form becomes ready, answers, and its answer opens its trace", async ({
  page,
}) => {
  await page.goto(`/ns/${NAMESPACE}/agents/new`);
  await ready(page);
  await page.getByLabel("Name", { exact: true }).fill("adder");
  await page.getByRole("textbox", { name: /^Description/ }).fill("Adds two numbers");
  await page.getByLabel("Instructions").fill("Add the numbers with your tool.");
  await page.getByLabel("Model API", { exact: true }).selectOption("llm-proxy");
  await page.getByLabel("Model", { exact: true }).fill("mock/instant");
  await page.getByRole("checkbox", { name: /calculator/ }).check();
  await page.getByRole("button", { name: "Create agent" }).click();

  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents/adder$`));
  await expect(page.getByRole("heading", { level: 1 })).toContainText("adder");
  // No reload: the status comes over the live connection.
  await expect(page.getByRole("main").getByText("Ready", { exact: true }).first()).toBeVisible();

  await page.getByRole("main").getByRole("link", { name: "Chat", exact: true }).first().click();
  await expect(page).toHaveURL(new RegExp(`/ns/${NAMESPACE}/agents/adder/chat`));
  await ready(page);
  await page.getByLabel("Message adder").fill("What is 70 plus 27?");
  await page.getByLabel("Message adder").press("Enter");

  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer).toContainText("97");
  const call = page.locator('[data-testid="chat-step"][data-kind="tool"]').first();
  await expect(call).toContainText("add");
  await expect(call).toHaveAttribute("data-state", "done");

  await page.getByRole("link", { name: "Open trace" }).last().click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}/);
  const row = page.locator('[data-testid="span-row"][data-kind="tool"]', { hasText: "add" });
  await row.first().click();
  await expect(page).toHaveURL(/span=[0-9a-f]{16}/);
  const panel = page.getByTestId("span-panel");
  await expect(panel).toContainText("Arguments");
  await expect(panel).toContainText("70");
  await expect(panel).toContainText("27");
});
