// What was measured adds up, and leads to the runs that were measured.

import { NAMESPACE, expect, expectAccessible, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";
import { say, scriptedModel } from "./scripted.ts";

const RUNS = 20;
const FAILING = 2;

test("twenty runs, two of them failing, are counted exactly and found again", async ({
  page,
  request,
}) => {
  test.setTimeout(120_000);
  let asked = 0;
  const model = await scriptedModel((response) => {
    asked += 1;
    if (asked > RUNS - FAILING) {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "no such thing", type: "invalid" } }));
      return;
    }
    say(response, "ok");
  });
  await create(request, "ModelAPI", "counted-model", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: model.url },
  });
  await create(request, "Agent", "counted", { modelAPI: "counted-model", model: "gpt-counted" });
  await becomesReady(request, "Agent", "counted");
  for (let run = 0; run < RUNS; run += 1) {
    const response = await request.post(`/agents/${NAMESPACE}/counted/v1/chat/completions`, {
      // The scripted model streams whatever it is asked.
      data: { stream: true, messages: [{ role: "user", content: `Question ${run}` }] },
    });
    expect(response.ok()).toBe(run < RUNS - FAILING);
  }
  model.stop();

  // Measurements are sent every few seconds.
  const total = (metric: string) => page.locator(`[data-testid="metric-total"][data-metric="${metric}"]`);
  await expect(async () => {
    await page.goto(`/ns/${NAMESPACE}/metrics?agent=counted&range=15m`);
    await expect(total("requests")).toContainText(`${RUNS}`, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
  await expect(total("error-rate")).toContainText("10 %");
  await expect(total("model-calls")).toContainText(`${RUNS}`);
  const answered = RUNS - FAILING;
  await expect(total("tokens")).toContainText(`${answered * 11} / ${answered}`);
  await expectAccessible(page);

  // Every run is in one field of the map of durations, whose address asks for that time and duration.
  const fields = page.getByRole("region", { name: "Runs by time and duration" }).getByRole("link");
  const labels = await fields.evaluateAll((all) => all.map((field) => field.getAttribute("aria-label") ?? ""));
  const counts = labels.map((label) => Number(/: (\d+)$/.exec(label)?.[1]));
  expect(counts.reduce((sum, n) => sum + n, 0), labels.join(" · ")).toBe(RUNS);
  await expect(fields.first()).toHaveAttribute("href", /q=service%3Acounted%20duration%3A.+&from=.+&to=/);

  // A point leads to the runs of its step, and only to those.
  const chart = page.getByRole("figure").first();
  const href = await chart.locator("svg a").last().getAttribute("href");
  expect(href).toMatch(/q=service%3Acounted&from=.+&to=/);
  const steps = await chart.locator("svg a").evaluateAll((links) =>
    links.map((link) => link.getAttribute("href") ?? ""),
  );
  let found = 0;
  for (const step of steps) {
    await page.goto(step);
    found += await page.getByTestId("trace-row").count();
  }
  expect(found, "runs behind all points").toBe(RUNS);

  const csv = await request.get(`/ns/${NAMESPACE}/metrics.csv?panel=0&agent=counted&range=15m`);
  const [head, ...lines] = (await csv.text()).trim().split("\n");
  expect(head).toBe("time,line,value");
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[^,]+,"counted",[\d.e-]+$/);
});
