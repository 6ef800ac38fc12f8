// The map of a large namespace: how soon it is drawn, and how it moves.

import { expect, test } from "@playwright/test";

import { expectWithin, median } from "./budget.ts";
import { frames } from "./frames.ts";
import { type Thing, agent, modelApi, seed, withKaos } from "./seed.ts";

const MODEL_APIS = 20;
const LAYERS = 4;
const LAYER = 120;
const NODES = MODEL_APIS + LAYERS * LAYER;
const LOADS = 5;

/** Four layers of 120 agents, each with its model API and three agents of the next layer: 1,560 edges. */
function large(): Thing[] {
  const apis = Array.from({ length: MODEL_APIS }, (_, n) => modelApi(`llm-${n}`));
  const agents = Array.from({ length: LAYERS * LAYER }, (_, n) => {
    const layer = Math.floor(n / LAYER) + 1;
    const below = [0, 1, 17].map((step) => `agent-${layer * LAYER + ((n + step) % LAYER)}`);
    const access = layer < LAYERS ? below : [];
    return agent(`agent-${n}`, `llm-${n % MODEL_APIS}`, { agentNetwork: { access } });
  });
  return [...apis, ...agents];
}

test("the map of 500 nodes", async ({ browser }) => {
  await withKaos("map", async (kaos) => {
    await seed(kaos, "large", large());
    const times: number[] = [];
    for (let n = 0; n < LOADS; n += 1) {
      const page = await browser.newPage();
      await page.addInitScript((nodes) => {
        const look = () => {
          const drawn = document.querySelectorAll('[data-testid="map-node"]').length;
          // What is in the document at one frame is on the screen at the next.
          if (drawn >= nodes) requestAnimationFrame(() => performance.mark("map-drawn"));
          else requestAnimationFrame(look);
        };
        look();
      }, NODES);
      await page.goto(`${kaos.url}/ns/large/map`);
      await page.waitForFunction(() => performance.getEntriesByName("map-drawn").length > 0);
      times.push(await page.evaluate(() => performance.getEntriesByName("map-drawn")[0]?.startTime ?? 0));
      await page.close();
    }
    expectWithin({ id: "B20", what: "first drawing of a map of 500 nodes", unit: "ms", target: 300, limit: 800 }, median(times));

    const page = await browser.newPage();
    await page.goto(`${kaos.url}/ns/large/map`);
    await page.locator('html[data-hydrated="true"]').waitFor();
    await expect(page.getByTestId("map-edge")).not.toHaveCount(0);
    const picture = page.locator("svg.map-picture");
    const before = await picture.getAttribute("viewBox");
    const box = await picture.boundingBox();
    if (box === null) throw new Error("the map has no place on the screen");
    const { p95 } = await frames(page, async () => {
      const [x, y] = [box.x + 5, box.y + 5];
      await page.mouse.move(x, y);
      await page.mouse.down();
      for (let step = 1; step <= 120; step += 1) await page.mouse.move(x + step * 3, y + step);
      await page.mouse.up();
    });
    expect(await picture.getAttribute("viewBox"), "the map has moved").not.toBe(before);
    await page.close();
    expectWithin({ id: "B20", what: "time between frames while it is moved, P95", unit: "ms", target: 16.8, limit: 20 }, p95);
  });
});
