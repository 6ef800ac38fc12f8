// Lists follow the cluster without a reload.

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

test("an agent made elsewhere appears, becomes ready, and disappears", async ({
  page,
  request,
}) => {
  await page.goto(`/ns/${NAMESPACE}/agents`);
  await ready(page);
  await expect(page.getByTestId("live-state")).toHaveAttribute("data-state", "live");
  await create(request, "Agent", "newcomer", { modelAPI: "llm-proxy", model: "mock/instant" });
  const row = page.getByRole("row", { name: /newcomer/ });
  await expect(row).toContainText("Ready");
  await becomesReady(request, "Agent", "newcomer");

  const path = `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}/agents/newcomer`;
  expect((await request.delete(path)).status()).toBe(200);
  await expect(row).toHaveCount(0);
});
