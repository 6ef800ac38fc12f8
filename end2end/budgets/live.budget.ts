// How soon a change in the cluster is on the screen.

import { test } from "@playwright/test";

import { expectWithin, percentile } from "./budget.ts";
import { agent, describe, modelApi, seed, withKaos } from "./seed.ts";

const CHANGES = 40;

test("a change in Kubernetes", async ({ browser }) => {
  await withKaos("live", async (kaos) => {
    await seed(kaos, "changing", [modelApi("llm"), agent("watched", "llm")]);
    const page = await browser.newPage();
    await page.goto(`${kaos.url}/ns/changing/agents`);
    await page.locator('[data-testid="live-state"][data-state="live"]').waitFor();
    const times: number[] = [];
    for (let n = 0; n < CHANGES; n += 1) {
      const description = `Described for the ${n}. time`;
      const seen = page.evaluate(
        (words) =>
          new Promise<number>((done) => {
            const look = () => {
              const isThere = document.querySelector("main")?.textContent?.includes(words);
              if (isThere) done(performance.timeOrigin + performance.now());
              else requestAnimationFrame(look);
            };
            look();
          }),
        description,
      );
      const begun = performance.timeOrigin + performance.now();
      await describe(kaos, "changing", "watched", description);
      times.push((await seen) - begun);
    }
    await page.close();
    expectWithin({ id: "B16", what: "Kubernetes change on screen, P95", unit: "ms", target: 300, limit: 1000 }, percentile(times, 95));
  });
});
