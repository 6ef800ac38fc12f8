// What people write down: exceptions they are done with, and searches they want to find again.

import { randomBytes } from "node:crypto";

import { type APIRequestContext } from "@playwright/test";

import { NAMESPACE, expect, test } from "./fixtures.ts";

/** Lets a service fail now, with an exception of the type. */
async function fail(request: APIRequestContext, type: string): Promise<void> {
  const now = String(BigInt(Date.now()) * 1_000_000n);
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "tool.search",
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    status: { code: 2, message: "no" },
    events: [
      {
        timeUnixNano: now,
        name: "exception",
        attributes: [text("exception.type", type), text("exception.message", "It broke")],
      },
    ],
  };
  const resource = {
    attributes: [text("service.name", "breaker"), text("service.namespace", NAMESPACE)],
  };
  const response = await request.post("/v1/traces", {
    data: { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans: [span] }] }] },
  });
  expect(response.status(), await response.text()).toBe(200);
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("an exception is resolved, comes back, and is ignored for good", async ({ page, request }) => {
    const type = `Broken${Date.now()}Error`;
    await fail(request, type);
    const list = `/ns/${NAMESPACE}/exceptions?q=type:${type}`;
    const row = page.getByTestId("exception");
    await page.goto(list);
    await expect(row).toContainText("Open");
    await row.getByRole("button", { name: /^Resolve/ }).click();
    await expect(page).toHaveURL(list);
    await expect(row).toHaveCount(0);
    await expect(page.getByRole("main")).toContainText("1 kind is not open.");
    await page.getByRole("link", { name: "Show all" }).click();
    await expect(row).toContainText("Resolved");

    await fail(request, type);
    await page.goto(list);
    await expect(row).toContainText("Regressed");
    await row.getByRole("link", { name: type, exact: true }).click();
    await page.getByRole("button", { name: /^Ignore/ }).click();
    await expect(page).toHaveURL(/\/exceptions\/[0-9a-f]{16}/);
    await expect(page.getByRole("main")).toContainText("Ignored");
    await fail(request, type);
    await page.goto(list);
    await expect(row).toHaveCount(0);
    await page.goto(`${list}&status=ignored`);
    await row.getByRole("button", { name: /^Open again/ }).click();
    await page.goto(list);
    await expect(row).toContainText("Open");
  });

  test("a search gets a name, is found again and forgotten", async ({ page }) => {
    const name = `slow <b>${Date.now()}</b>`;
    await page.goto(`/ns/${NAMESPACE}/traces?q=duration:>5s&range=7d&sort=-duration`);
    await page.getByText("Save this search").click();
    await page.getByLabel("Name of this search").fill(name);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    const searches = page.getByRole("list", { name: "Saved searches" });
    await expect(searches.getByRole("link", { name })).toHaveAttribute("aria-current", "true");

    await page.goto(`/ns/${NAMESPACE}/traces`);
    await searches.getByRole("link", { name }).click();
    await expect(page).toHaveURL(/range=7d.*sort=-duration/);
    await expect(page.getByLabel("Query")).toHaveValue("duration:>5s");
    await searches.getByRole("button", { name: `Forget the search ${name}` }).click();
    await expect(searches.getByRole("link", { name })).toHaveCount(0);
    // Another namespace has its own.
    await page.goto("/ns/default/traces");
    await expect(page.getByRole("main")).not.toContainText(name);
  });
});
