// Editing changes what was changed and nothing else, also when somebody else was quicker.

import type { APIRequestContext } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { create, read } from "./resources.ts";

const PATH = `/kube/apis/kaos.tools/v1alpha1/namespaces/${NAMESPACE}/agents`;

/** Changes an agent's configuration, as somebody else would. */
async function change(request: APIRequestContext, name: string, config: object): Promise<void> {
  const response = await request.patch(`${PATH}/${name}`, {
    headers: { "content-type": "application/merge-patch+json" },
    data: { spec: { config } },
  });
  expect(response.status(), await response.text()).toBe(200);
}

test("only the field that was edited is another afterwards", async ({ page, request }) => {
  await create(request, "Agent", "whole", {
    modelAPI: "llm-proxy",
    model: "mock/instant",
    config: { description: "Before", telemetry: { enabled: true } },
    podSpec: { tolerations: [{ key: "gpu", operator: "Exists" }] },
    container: { resources: { limits: { memory: "1Gi" } } },
  });
  const before = await read(request, "Agent", "whole");
  await page.goto(`/ns/${NAMESPACE}/agents/whole/edit`);
  await ready(page);
  await page.getByRole("textbox", { name: "Description" }).fill("After");
  await page.keyboard.press("Control+s");
  await expect(page).toHaveURL(/\/agents\/whole$/);
  const after = await read(request, "Agent", "whole");
  for (const object of [before, after]) {
    // What the server keeps of every change, and what the operator says of it.
    for (const field of ["managedFields", "resourceVersion", "generation"]) delete object.metadata[field];
    delete object.status;
  }
  before.spec.config.description = "After";
  expect(after).toEqual(before);
});

test.describe("while somebody else edits", () => {
  test.use({ toleratedErrors: [/status of 409/] });

  test("changes of other fields are both kept", async ({ page, request }) => {
    const config = { description: "Old", instructions: "Old words" };
    await create(request, "Agent", "shared", { modelAPI: "llm-proxy", model: "mock/instant", config });
    await page.goto(`/ns/${NAMESPACE}/agents/shared/edit`);
    await ready(page);
    await change(request, "shared", { instructions: "Their words" });
    await page.getByRole("textbox", { name: "Description" }).fill("My description");
    await page.getByRole("button", { name: /^Save/ }).click();
    await expect(page).toHaveURL(/\/agents\/shared$/);
    const { spec } = await read(request, "Agent", "shared");
    expect(spec.config).toEqual({ description: "My description", instructions: "Their words" });
  });

  test("of changes of one field somebody chooses", async ({ page, request }) => {
    const config = { description: "Base" };
    await create(request, "Agent", "disputed", { modelAPI: "llm-proxy", model: "mock/instant", config });
    await page.goto(`/ns/${NAMESPACE}/agents/disputed/edit`);
    await ready(page);
    await change(request, "disputed", { description: "Theirs" });
    await page.getByRole("textbox", { name: "Description" }).fill("Mine");
    await page.getByRole("button", { name: /^Save/ }).click();
    const conflict = page.getByRole("group", { name: "Description" });
    for (const words of ["Mine", "Theirs", "Base"]) await expect(conflict).toContainText(words);
    await expectAccessible(page);
    await conflict.getByRole("radio", { name: /Theirs/ }).check();
    await page.getByRole("button", { name: /^Save/ }).click();
    await expect(page).toHaveURL(/\/agents\/disputed$/);
    expect((await read(request, "Agent", "disputed")).spec.config.description).toBe("Theirs");
  });
});
