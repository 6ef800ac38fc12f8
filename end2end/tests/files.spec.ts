// Traces as files: out of a page, and into the list again.

import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { type Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { sendTrace } from "./otlp.ts";
import { ask } from "./resources.ts";

/** What a click on a link brings. */
async function exported(page: Page, link = "Export"): Promise<{ name: string; text: string }> {
  const downloading = page.waitForEvent("download");
  await page.getByRole("main").getByRole("link", { name: link }).click();
  const download = await downloading;
  const text = await readFile(await download.path(), "utf8");
  return { name: download.suggestedFilename(), text };
}

const newId = () => randomBytes(16).toString("hex");

test.describe("without JavaScript", () => {
  // A file that is none is answered so.
  test.use({ javaScriptEnabled: false, toleratedErrors: [/status of 400/] });

  test("what a search finds goes out in one file, and comes in by a form", async ({
    page,
    request,
  }) => {
    const ids = [await sendTrace(request, 12), await sendTrace(request, 12)];
    await page.goto(`/ns/${NAMESPACE}/traces?q=service:big&range=1h`);
    const file = await exported(page);
    expect(file.name).toBe("traces.jsonl");
    for (const id of ids) expect(file.text).toContain(id);

    const own = file.text.split("\n").find((line) => line.includes(ids[0] ?? "")) ?? "";
    const other = newId();
    await page.getByRole("button", { name: "Import", exact: true }).click();
    const choose = async (text: string) => {
      const name = "traces.jsonl";
      const buffer = Buffer.from(text);
      const file = { name, mimeType: "application/x-ndjson", buffer };
      await page.getByLabel("File with traces").setInputFiles(file);
      await page.getByRole("button", { name: "Import file" }).click();
    };
    await choose(own.replaceAll(ids[0] ?? "", other));
    const main = page.getByRole("main");
    await expect(main).toContainText("12 spans and 0 new log records of 1 trace came in.");
    await expect(main.locator(`a[href="/traces/${other}"]`)).toBeVisible();

    // A file of something else says so, and brings nothing in.
    await choose("<script>alert(1)</script>");
    await expect(page.getByRole("alert")).toContainText("Document 1 of the file is no OTLP in JSON");
    await choose('{"data":[{"traceID":"1"}]}');
    await expect(page.getByRole("alert")).toContainText("It has to be OTLP in JSON");
  });

  test("a trace goes out as OTLP, as Jaeger has it, and as a table", async ({ page, request }) => {
    const id = await sendTrace(request, 12);
    await page.goto(`/traces/${id}`);
    const taken = async (link: string) => {
      await page.getByRole("main").getByRole("button", { name: "Export" }).click();
      const file = await exported(page, link);
      await page.keyboard.press("Escape");
      return file;
    };
    const otlp = await taken("OTLP in JSON");
    expect(otlp.name).toBe(`trace-${id}.jsonl`);
    expect(otlp.text).toContain(id);
    const jaeger = await taken("Jaeger JSON");
    expect(jaeger.name).toBe(`trace-${id}.jaeger.json`);
    const [trace] = JSON.parse(jaeger.text).data;
    expect(trace.traceID).toBe(id);
    expect(trace.spans).toHaveLength(12);
    const table = await taken("Spans as a table");
    expect(table.name).toBe(`trace-${id}-spans.csv`);
    expect(table.text.trimEnd().split("\n")).toHaveLength(13);
  });
});

test("a file that is dropped on the list comes in", async ({ page, request }) => {
  const id = await sendTrace(request, 12);
  const file = await (await request.get(`/api/export/traces?trace=${id}`)).text();
  const other = newId();
  await page.goto(`/ns/${NAMESPACE}/traces`);
  await ready(page);
  const dataTransfer = await page.evaluateHandle((text) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], "trace.jsonl", { type: "application/x-ndjson" }));
    return dropped;
  }, file.replaceAll(id, other));
  await page.dispatchEvent("body", "drop", { dataTransfer });
  await expect(page).toHaveURL(/\/traces\/import$/);
  await expect(page.getByRole("main")).toContainText("12 spans and 0 new log records of 1 trace came in.");
  await expect(page.locator(`a[href="/traces/${other}"]`)).toBeVisible();
  await expectAccessible(page);
});

test("a trace in one file of HTML opens without a network and without KAOS", async ({
  browser,
  page,
  request,
}, info) => {
  const { traceId } = await ask(request, "coordinator", "Who makes the most AI chips?");
  await page.goto(`/traces/${traceId}`);
  await ready(page);
  await page.getByRole("main").getByRole("button", { name: "Export" }).click();
  await expect(page.getByRole("main")).toContainText("all files but the table hold what models");
  await expectAccessible(page);
  const downloading = page.waitForEvent("download");
  await page.getByRole("link", { name: "Web page" }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe(`trace-${traceId}.html`);
  const path = info.outputPath("trace.html");
  await download.saveAs(path);
  const address = pathToFileURL(path).href;

  for (const colorScheme of ["dark", "light"] as const) {
    const context = await browser.newContext({ offline: true, colorScheme });
    const asked: string[] = [];
    const problems: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    context.on("console", (message) => problems.push(message.text()));
    const file = await context.newPage();
    await file.goto(address);
    await expect(file.getByRole("heading", { level: 1 })).toContainText("coordinator");
    await expect(file.getByTestId("trace-answer")).toBeVisible();

    // The span that explains the run is open; any other opens below its row.
    const panels = file.getByTestId("span-panel").filter({ visible: true });
    await expect(panels).toHaveCount(1);
    const ofTool = file.getByTestId("span-row").filter({ hasText: "echo" });
    const step = file.locator("details").filter({ has: ofTool }).first();
    const panel = step.getByTestId("span-panel");
    if (!(await panel.isVisible())) await step.getByTestId("span-row").click();
    await expect(panel).toContainText("Arguments");
    await expect(panel).toContainText("Result");
    await panel.locator("summary").filter({ hasText: "Attributes" }).click();
    await expect(panel).toContainText("gen_ai.tool.call.id");
    await expectAccessible(file);
    await file.setViewportSize({ width: 390, height: 844 });
    const overflow = () => file.evaluate(() => document.documentElement.scrollWidth);
    await expect.poll(overflow).toBeLessThanOrEqual(390);
    const loaded = asked.filter((url) => !url.startsWith("about:"));
    expect(loaded, "the file itself and nothing else").toEqual([address]);
    expect(problems).toEqual([]);
    await context.close();
  }
});
