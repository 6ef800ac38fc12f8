// Who calls whom: everything is in the picture, keys lead through it, and what is missing is there as a ghost.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

const AGENTS = `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}/agents`;

test("the map shows the team, follows it, and is a list too", async ({ page, request }) => {
  await becomesReady(request, "Agent", "coordinator");
  await page.goto(`/ns/${NAMESPACE}/map`);
  await ready(page);
  const node = (kind: string, name: string) =>
    page.locator(`[data-testid="map-node"][data-kind="${kind}"][data-name="${name}"]`);
  const edge = (from: string, to: string) =>
    page.locator(`[data-testid="map-edge"][data-from="${from}"][data-to="${to}"]`);
  for (const one of [
    node("agents", "coordinator"),
    node("agents", "researcher"),
    node("agents", "analyst"),
    node("mcpservers", "calculator"),
    node("mcpservers", "echo-search"),
    node("modelapis", "llm-proxy"),
  ]) {
    await expect(one).toBeInViewport();
  }
  await expect(edge("coordinator", "researcher")).toHaveCount(1);
  await expect(edge("coordinator", "analyst")).toHaveCount(1);
  await expect(edge("researcher", "echo-search")).toHaveCount(1);

  await node("agents", "coordinator").focus();
  await page.keyboard.press("ArrowRight");
  const next = await page.evaluate(() => document.activeElement?.getAttribute("data-name"));
  expect(["researcher", "analyst"]).toContain(next);

  await page.getByRole("searchbox", { name: "Search the map" }).fill("calc");
  await expect(page.locator(".map-node--hit")).toHaveCount(1);
  await expect(page).toHaveURL(/q=calc/);
  await page.getByRole("searchbox", { name: "Search the map" }).fill("");
  await expectAccessible(page);

  // Somebody refers to an agent that is not there: it is drawn at once, and says so.
  await create(request, "Agent", "hopeful", { modelAPI: "llm-proxy", model: "mock/instant" });
  await expect(node("agents", "hopeful")).toHaveCount(1);
  await request.patch(`${AGENTS}/hopeful`, {
    headers: { "content-type": "application/merge-patch+json" },
    data: { spec: { agentNetwork: { access: ["analyst-9"] } } },
  });
  await expect(node("agents", "analyst-9")).toHaveAttribute("data-status", "does not exist");
  await expect(edge("hopeful", "analyst-9")).toHaveCount(1);

  const names = await page.getByTestId("map-node").evaluateAll((nodes) =>
    nodes.map((node) => node.getAttribute("data-name")).sort(),
  );
  await page.getByRole("link", { name: "List", exact: true }).click();
  await expect(page).toHaveURL(/view=list/);
  const listed = await page.locator("tr[data-name]").evaluateAll((rows) =>
    rows.map((row) => row.getAttribute("data-name")).sort(),
  );
  expect(listed).toEqual(names);
  await expectAccessible(page);

  await page.goto(`/ns/${NAMESPACE}/map`);
  await ready(page);
  await node("agents", "coordinator").focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/agents\/coordinator$/);
  expect((await request.delete(`${AGENTS}/hopeful`)).status()).toBe(200);
});
