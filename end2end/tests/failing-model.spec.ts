// A model that cannot be reached is told where the answer would be, and found in the trace and among
// the exceptions.

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

// The failed request itself is also written on the browser's console.
test.use({ toleratedErrors: [/status of 502/] });

test("the chat says that the model cannot be reached, and the trace is red", async ({
  page,
  request,
}) => {
  // Port 9 of this machine: nothing listens there, so connecting fails at once.
  await create(request, "ModelAPI", "unreachable", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: "http://127.0.0.1:9/v1" },
  });
  await create(request, "Agent", "cut-off", { modelAPI: "unreachable", model: "openai/gpt-4o" });
  await becomesReady(request, "Agent", "cut-off");

  await page.goto(`/ns/${NAMESPACE}/agents/cut-off/chat`);
  await ready(page);
  await page.getByLabel("Message cut-off").fill("Are you there?");
  await page.getByRole("button", { name: "Send" }).click();

  const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
  await expect(answer.getByRole("alert")).toContainText(/reach/);
  await expect(answer.getByRole("button", { name: "Retry" })).toBeVisible();

  await page.getByRole("link", { name: "Open trace" }).last().click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}/);
  await expect(page.getByTestId("trace-outcome")).toContainText("Failed");
  const model = page.locator('[data-testid="span-row"][data-kind="model"]').first();
  await expect(model).toHaveAttribute("data-status", "error");

  // From the list of everything that went wrong back to the very span.
  await page.goto(`/ns/${NAMESPACE}/exceptions`);
  const exception = page.getByTestId("exception").filter({ hasText: "cannot reach its model" });
  await exception.getByRole("link").first().click();
  await expect(page.getByTestId("log").filter({ hasText: "ERROR" }).first()).toBeVisible();
  await page.getByRole("link", { name: "View trace" }).click();
  await expect(page).toHaveURL(/\/traces\/[0-9a-f]{32}\?span=[0-9a-f]{16}&side=exception/);
  await expect(page.getByRole("main")).toContainText("ModelRefused");
});
