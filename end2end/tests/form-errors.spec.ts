// A form that cannot be accepted says why at the field, and loses nothing.

import { NAMESPACE, expect, ready, test } from "./fixtures.ts";

// The answer to a form that is not accepted has a status that Chromium also writes on its console.
test.use({ toleratedErrors: [/status of (422|409)/] });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? "with JavaScript" : "without JavaScript", () => {
    test.use({ javaScriptEnabled });

    test("an invalid name is an error at its field, and the other values stay", async ({ page }) => {
      await page.goto(`/ns/${NAMESPACE}/agents/new`);
      if (javaScriptEnabled) await ready(page);
      const name = page.getByLabel("Name", { exact: true });
      await name.fill("Not A Name");
      await page.getByRole("textbox", { name: /^Description/ }).fill("Kept words");
      await page.getByLabel("Instructions").fill("First line\nSecond line");
      await page.getByLabel("Model API", { exact: true }).selectOption("llm-proxy");
      await page.getByLabel("Model", { exact: true }).fill("mock/instant");
      await page.getByRole("checkbox", { name: /echo-search/ }).check();
      await page.getByRole("button", { name: "Create agent" }).click();

      await expect(name).toHaveAttribute("aria-invalid", "true");
      await expect(name).toHaveValue("Not A Name");
      await expect(name).toHaveAccessibleDescription(/lower-?case/i);
      await expect(page.getByRole("textbox", { name: /^Description/ })).toHaveValue("Kept words");
      await expect(page.getByLabel("Instructions")).toHaveValue("First line\nSecond line");
      await expect(page.getByLabel("Model API", { exact: true })).toHaveValue("llm-proxy");
      await expect(page.getByLabel("Model", { exact: true })).toHaveValue("mock/instant");
      await expect(page.getByRole("checkbox", { name: /echo-search/ })).toBeChecked();
      await expect(page.getByRole("checkbox", { name: /calculator/ })).not.toBeChecked();
    });
  });
}

test("a name that is taken is an error at its field", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}/agents/new`);
  await ready(page);
  await page.getByLabel("Name", { exact: true }).fill("coordinator");
  await page.getByLabel("Model API", { exact: true }).selectOption("llm-proxy");
  await page.getByLabel("Model", { exact: true }).fill("mock/instant");
  await page.getByRole("button", { name: "Create agent" }).click();

  const name = page.getByLabel("Name", { exact: true });
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription(/exists/);
});
