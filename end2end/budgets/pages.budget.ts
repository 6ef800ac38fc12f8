// How quickly every page is there, how still it stays, and that it asks nobody else.

import { expect, test } from "../tests/fixtures.ts";
import { pages } from "../tests/pages.ts";
import { ask, becomesReady } from "../tests/resources.ts";
import { type Budget, expectWithin, median } from "./budget.ts";
import { type Load, load, newVisitor } from "./load.ts";

const LOADS = 10;

const FIRST_PAINT: Budget = { id: "B1", what: "first contentful paint", unit: "ms", target: 200, limit: 300 };
const LARGEST_PAINT: Budget = { id: "B2", what: "largest contentful paint", unit: "ms", target: 350, limit: 600 };
const COLD: Budget = { id: "B3", what: "interactive, cold cache", unit: "ms", target: 450, limit: 900 };
const WARM: Budget = { id: "B3", what: "interactive, warm cache", unit: "ms", target: 250, limit: 500 };
const SHIFT: Budget = { id: "B4", what: "layout shift", unit: "", target: 0, limit: 0.02 };
const BLOCKED: Budget = { id: "B4", what: "blocking time", unit: "ms", target: 0, limit: 50 };
const ELSEWHERE: Budget = { id: "B6", what: "requests to other origins", unit: "requests", target: 0, limit: 0 };

/** The same for all pages: the trace is known only once an agent has answered. */
let traceId = "";

test.beforeAll(async ({ kaos, playwright }) => {
  const request = await playwright.request.newContext({ baseURL: kaos.url });
  for (const agent of ["researcher", "analyst", "coordinator"]) {
    await becomesReady(request, "Agent", agent);
  }
  traceId = (await ask(request, "coordinator", "Who leads the market for AI chips?")).traceId;
  await request.dispose();
});

for (const name of Object.keys(pages(""))) {
  test(`the page ${name}`, async ({ browser, kaos }) => {
    const path = pages(traceId)[name] ?? "/";
    const cold: Load[] = [];
    const warm: Load[] = [];
    let elsewhere = 0;
    for (let n = 0; n < LOADS; n += 1) {
      const visitor = await newVisitor(browser, kaos.url);
      visitor.on("request", (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith("http") && origin !== kaos.url) elsewhere += 1;
      });
      const page = await visitor.newPage();
      cold.push(await load(page, path));
      warm.push(await load(page, path));
      await visitor.close();
    }
    const typical = (loads: Load[], of: keyof Load) => median(loads.map((load) => load[of]));
    expect(cold).toHaveLength(LOADS);
    expectWithin(FIRST_PAINT, typical(cold, "firstPaint"), name);
    expectWithin(LARGEST_PAINT, typical(cold, "largestPaint"), name);
    expectWithin(COLD, typical(cold, "interactive"), name);
    expectWithin(WARM, typical(warm, "interactive"), name);
    expectWithin(SHIFT, typical(cold, "shift"), name);
    expectWithin(BLOCKED, typical(cold, "blocked"), name);
    expectWithin(ELSEWHERE, elsewhere, name);
  });
}
