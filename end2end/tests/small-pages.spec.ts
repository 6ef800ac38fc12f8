// Prices, access and tasks: what this build has, said plainly, and what can be changed.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { createCalculatingAgent } from "./resources.ts";

test.describe("prices", () => {
  test.use({ toleratedErrors: [/status of 422/] });

  test("are found, changed by a form, and lose nothing", async ({ page, request }) => {
    await page.goto("/settings/prices?q=gpt-4o-mini");
    await ready(page);
    const builtIn = page.getByRole("region", { name: "Prices that come with KAOS" });
    await expect(builtIn.getByRole("row", { name: /^openai\/gpt-4o-mini 0\.15/ })).toHaveCount(1);

    const own = page.getByRole("region", { name: "Your own prices" });
    const [model, input] = [own.getByLabel("Model, line 1"), own.getByLabel("Input of new model 1", { exact: true })];
    await model.fill("house/large");
    await input.fill("much");
    await page.getByRole("button", { name: "Save prices" }).click();
    await expect(page.getByRole("alert")).toContainText("house/large: input is no number of dollars: much");
    await expect(own.getByLabel("Model, line 1")).toHaveValue("house/large");
    await own.getByLabel("Input of house/large", { exact: true }).fill("2.5");
    await own.getByLabel("Output of house/large").fill("10");
    await page.getByRole("button", { name: "Save prices" }).click();
    await expect(page.getByText("Saved.")).toBeVisible();
    await expect(own.getByLabel("Output of house/large")).toHaveValue("10");
    await expectAccessible(page);

    const path = "/kube/api/v1/namespaces/kaos-system/configmaps/kaos-prices";
    const { data } = await (await request.get(path)).json();
    expect(data["prices.yaml"]).toContain("house/large");
    expect((await request.delete(path)).ok()).toBe(true);
  });
});

test("who nobody signs in as may do everything, and the page says so", async ({ page }) => {
  await page.goto("/access");
  await ready(page);
  await expect(page.getByText("Nobody signs in here")).toBeVisible();
  await expect(page.getByRole("main")).toContainText(NAMESPACE);
});

test("an agent shows its card, says that it takes no A2A messages yet, and takes a task", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "carded");
  await page.goto(`/ns/${NAMESPACE}/agents/carded/tasks`);
  await ready(page);
  await expect(page.getByRole("main")).toContainText("this agent does not take A2A messages yet");
  await expect(page.getByRole("region", { name: "Skills" })).toContainText("add");
  await page.getByLabel("Message").fill("What is 8 plus 9?");
  await page.getByRole("button", { name: "Send" }).click();
  await expect(page).toHaveURL(/\/agents\/carded\/chat\/[^/]+$/);
  await expect(page.locator('[data-testid="chat-message"][data-role="assistant"]')).toContainText("17");
  await page.goto(`/ns/${NAMESPACE}/agents/carded/tasks`);
  await ready(page);
  const row = page.getByRole("region", { name: "What it was given" }).locator("tbody tr");
  await expect(row).toHaveCount(1);
  await expect(row).toContainText("finished");
  await expectAccessible(page);
});

test("an answer can be asked for with fewer steps", async ({ page, request }) => {
  await createCalculatingAgent(request, "stepper");
  await page.goto(`/ns/${NAMESPACE}/agents/stepper/chat`);
  await ready(page);
  await page.getByText("Options", { exact: true }).click();
  await page.getByLabel("Most steps").fill("1");
  await page.getByLabel("Message stepper").fill("What is 8 plus 9?");
  const sent = page.waitForRequest((request) => request.url().endsWith("/v1/chat/completions"));
  await page.getByLabel("Message stepper").press("Enter");
  expect((await sent).postDataJSON()).toMatchObject({ max_steps: 1 });
  await expectAccessible(page);
});
