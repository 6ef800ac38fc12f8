// Logs: from a line to its span, values to filter by, the file, and lines as they arrive.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { sendLogs } from "./otlp.ts";
import { ask, createCalculatingAgent } from "./resources.ts";

test("a line opens in full, filters by its values and leads to its span", async ({
  page,
  request,
}) => {
  await createCalculatingAgent(request, "talkative");
  const { traceId } = await ask(request, "talkative", "What is 12 plus 30?");
  const logs = `/ns/${NAMESPACE}/logs?trace=${traceId}`;
  const lines = page.getByTestId("log");
  await expect(async () => {
    await page.goto(logs);
    expect(await lines.count()).toBeGreaterThan(1);
  }).toPass();
  const n = await lines.count();
  const times = await lines.locator("time").evaluateAll((all) => all.map((time) => time.getAttribute("datetime")));
  expect(times, "a trace is told from its beginning").toEqual([...times].sort());

  await lines.first().locator("time").click();
  const detail = page.getByTestId("log-detail");
  await expect(detail.getByRole("link", { name: "Open trace" })).toHaveAttribute(
    "href",
    `/traces/${traceId}`,
  );
  await expectAccessible(page);
  await detail.getByRole("link", { name: /^Without/ }).first().click();
  await expect(page.getByRole("list", { name: "Conditions" })).toContainText("severity is not");
  await page.getByRole("link", { name: "Drop this condition" }).click();
  await expect(lines).toHaveCount(n);

  const file = await request.get(`/ns/${NAMESPACE}/logs.ndjson?trace=${traceId}`);
  const written = (await file.text()).trim().split("\n").map((line) => JSON.parse(line));
  expect(written.length).toBe(n);
  expect(written.every((line) => line.trace_id === traceId)).toBe(true);

  await lines.first().getByRole("link", { name: /^Open/ }).click();
  await expect(page).toHaveURL(new RegExp(`/traces/${traceId}`));
});

test("lines are shown as they arrive, until one pauses", async ({ page, request }) => {
  await createCalculatingAgent(request, "followed");
  await page.goto(`/ns/${NAMESPACE}/logs?agent=followed`);
  await ready(page);
  const tail = page.getByTestId("log-tail");
  await tail.getByRole("button", { name: "Follow live" }).click();
  await expect(tail).toContainText("Waiting for lines.");
  await ask(request, "followed", "What is 1 plus 2?");
  await expect(tail.getByTestId("log-row").first()).toContainText("followed");
  await expectAccessible(page);
  await tail.getByRole("button", { name: "Pause" }).click();
  await expect(tail).toHaveAttribute("data-state", "paused");
});

test("all lines scroll in one window, and only those in view are drawn", async ({ page, request }) => {
  await sendLogs(request, "chatty", 5_000);
  await page.goto(`/ns/${NAMESPACE}/logs?agent=chatty&range=all&sort=asc`);
  await ready(page);
  const all = page.getByTestId("log-lines");
  await all.getByRole("button", { name: "Scroll through all lines" }).click();
  await expect(all).toHaveAttribute("data-state", "read");
  await expect(all).toContainText("5,000 lines.");
  const lines = all.getByTestId("log-row");
  await expect(lines.first()).toContainText("line 1");
  expect(await lines.count()).toBeLessThan(200);
  await all.getByRole("region", { name: "Lines" }).focus();
  await page.keyboard.press("End");
  await expect(lines.last()).toContainText("line 5000");
  expect(await lines.count()).toBeLessThan(200);
  await expectAccessible(page);
});

test("who pauses and follows again sees every line once", async ({ page, request }) => {
  await page.goto(`/ns/${NAMESPACE}/logs?agent=hasty`);
  await ready(page);
  const tail = page.getByTestId("log-tail");
  const follow = tail.getByRole("button", { name: "Follow live" });
  for (let n = 0; n < 3; n += 1) {
    await follow.click();
    await tail.getByRole("button", { name: "Pause" }).click();
  }
  await follow.click();
  for (let first = 1; first <= 20; first += 10) {
    await sendLogs(request, "hasty", 10, first);
    await expect(tail).toContainText(`${first + 9} lines arrived.`);
  }
  await expect(tail.getByTestId("log-row")).toHaveCount(20);
});
