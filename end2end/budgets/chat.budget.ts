// How soon the chat shows what was said, and how it bears a model that talks fast.

import { type Browser, type Page, expect, test } from "@playwright/test";

import type { Kaos } from "../tests/kaos.ts";
import { expectWithin, median } from "./budget.ts";
import { longTasks } from "./frames.ts";
import { type Model, startModel } from "./model.ts";
import { agent, seed, withKaos } from "./seed.ts";

const MESSAGES = 10;
const WORDS_PER_SECOND = 300;
const SECONDS = 60;

/** Opens a new conversation with an agent that asks this model. */
async function withChat(
  browser: Browser,
  model: Model,
  measure: (page: Page, kaos: Kaos) => Promise<void>,
): Promise<void> {
  await withKaos("chat", async (kaos) => {
    const proxyConfig = { provider: "openai", models: ["*"], apiBase: model.url };
    await seed(kaos, "talk", [
      { kind: "ModelAPI", name: "fast", spec: { mode: "Proxy", proxyConfig } },
      agent("talker", "fast", { model: "openai/fast" }),
    ]);
    const page = await browser.newPage();
    await page.goto(`${kaos.url}/ns/talk/agents/talker/chat`);
    await page.locator('html[data-hydrated="true"]').waitFor();
    await measure(page, kaos);
    await page.close();
  });
  model.stop();
}

test("a message and the first word of its answer", async ({ browser }) => {
  const model = await startModel(WORDS_PER_SECOND, 0.1);
  await withChat(browser, model, async (page) => {
    const own: number[] = [];
    const first: number[] = [];
    for (let n = 1; n <= MESSAGES; n += 1) {
      await page.getByLabel("Message talker").fill(`Question ${n}`);
      const watched = await page.evaluateHandle(firstShown, n);
      await page.getByLabel("Message talker").press("Enter");
      const { sent, question, answer } = await watched.evaluate(({ shown }) => shown);
      own.push(question - sent);
      first.push(answer - model.spokeAt());
      const answers = page.locator('[data-testid="chat-message"][data-role="assistant"][data-state="done"]');
      await expect(answers).toHaveCount(n);
    }
    expectWithin({ id: "B17", what: "own message visible after Send", unit: "ms", target: 50, limit: 100 }, median(own));
    expectWithin({ id: "B17", what: "first word visible after the model said it", unit: "ms", target: 50, limit: 150 }, median(first));
  });
});

interface Shown {
  sent: number;
  question: number;
  answer: number;
}

/** When Enter was pressed, and when the n-th question and answer were drawn. Runs in the page. */
function firstShown(n: number): { shown: Promise<Shown> } {
  const now = () => performance.timeOrigin + performance.now();
  const drawn = (role: string, words: RegExp) =>
    new Promise<number>((done) => {
      const look = () => {
        const messages = document.querySelectorAll(`[data-testid="chat-message"][data-role="${role}"]`);
        if (words.test(messages[n - 1]?.textContent ?? "")) done(now());
        else requestAnimationFrame(look);
      };
      look();
    });
  const sent = new Promise<number>((done) =>
    document.addEventListener("keydown", () => done(now()), { once: true, capture: true }),
  );
  const all = Promise.all([sent, drawn("user", /Question/), drawn("assistant", /word/)]);
  // In an object, so that it is there before the key is pressed and waited for after.
  return { shown: all.then(([sent, question, answer]) => ({ sent, question, answer })) };
}

test("300 words a second for a minute", async ({ browser }) => {
  const model = await startModel(WORDS_PER_SECOND, SECONDS);
  await withChat(browser, model, async (page) => {
    const tasks = await longTasks(page, async () => {
      await page.getByLabel("Message talker").fill("Say much.");
      await page.getByLabel("Message talker").press("Enter");
      const answer = page.locator('[data-testid="chat-message"][data-role="assistant"]').last();
      await expect(answer).toHaveAttribute("data-state", "done", { timeout: (SECONDS + 60) * 1000 });
      await expect(answer).toContainText("word.");
    });
    expectWithin({ id: "B18", what: "tasks over 50 ms in a minute of 300 words/s", unit: "tasks", target: 0, limit: 2 }, tasks);
  });
});
