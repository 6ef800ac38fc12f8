// How soon the palette shows what a key finds.

import { NAMESPACE, ready, test } from "../tests/fixtures.ts";
import { expectWithin, percentile } from "./budget.ts";

const WORDS = ["coordinator", "calculator", "researcher"];

test("the palette", async ({ page }) => {
  await page.goto(`/ns/${NAMESPACE}`);
  await ready(page);
  await page.keyboard.press("Control+k");
  const field = page.getByRole("combobox", { name: "Search or run a command" });
  await field.waitFor();
  await page.getByRole("option").first().waitFor();
  const times: number[] = [];
  for (const word of WORDS) {
    await field.fill("");
    for (let length = 1; length <= word.length; length += 1) {
      const watched = await page.evaluateHandle(untilResults, `&q=${word.slice(0, length)}`);
      await page.keyboard.press(word.charAt(length - 1));
      times.push(await watched.evaluate(({ shown }) => shown));
    }
  }
  expectWithin({ id: "B21", what: "palette, from key to results, P95", unit: "ms", target: 60, limit: 120 }, percentile(times, 95));
});

/** Milliseconds from the next key to the frame that shows what this question finds. Runs in the page. */
function untilResults(question: string): { shown: Promise<number> } {
  const shown = new Promise<number>((done) => {
    let pressed = 0;
    document.addEventListener("keydown", () => (pressed = performance.now()), { once: true, capture: true });
    const observer = new PerformanceObserver((list) => {
      const isAnswered = list.getEntries().some(({ name }) => name.endsWith(question));
      if (!isAnswered) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - pressed)));
    });
    observer.observe({ type: "resource" });
  });
  // In an object, so that it is there before the key is pressed and waited for after.
  return { shown };
}
