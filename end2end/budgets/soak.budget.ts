// Whether a browser that stays open needs ever more memory. Nightly with SOAK_MINUTES=60; a few minutes
// otherwise, which finds what leaks with every line or message.

import type { Page } from "@playwright/test";

import { NAMESPACE, expect, ready, test } from "../tests/fixtures.ts";
import { sendLogs } from "../tests/otlp.ts";
import { becomesReady } from "../tests/resources.ts";
import { expectWithin } from "./budget.ts";

const MINUTES = Number(process.env.SOAK_MINUTES ?? 3);
const LINES_PER_ROUND = 100;
const ROUND_MS = 5_000;
/** The part of the time after which everything that is kept is there. */
const WARM = 1 / 3;

test.setTimeout((MINUTES + 5) * 60_000);

test("live lines and a conversation", async ({ context, request }) => {
  await becomesReady(request, "Agent", "analyst");
  const logs = await context.newPage();
  await logs.goto(`/ns/${NAMESPACE}/logs?agent=soaking`);
  await ready(logs);
  await logs.getByRole("button", { name: "Follow live" }).click();
  const chat = await context.newPage();
  await chat.goto(`/ns/${NAMESPACE}/agents/analyst/chat`);
  await ready(chat);

  const rounds = Math.round((MINUTES * 60_000) / ROUND_MS);
  let warm = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const begun = performance.now();
    await sendLogs(request, "soaking", LINES_PER_ROUND, 1 + round * LINES_PER_ROUND);
    await say(chat, round);
    await chat.waitForTimeout(Math.max(0, ROUND_MS - (performance.now() - begun)));
    if (round === Math.ceil(rounds * WARM)) warm = (await heap(logs)) + (await heap(chat));
  }
  const growth = ((await heap(logs)) + (await heap(chat))) / warm - 1;
  const what = `growth of the heap in ${MINUTES} minutes of live lines and chat`;
  expectWithin({ id: "B22", what, unit: "", target: 0.05, limit: 0.15 }, growth);
});

async function say(chat: Page, round: number): Promise<void> {
  await chat.getByLabel("Message analyst").fill(`What is ${round} plus 2?`);
  await chat.getByLabel("Message analyst").press("Enter");
  const answers = chat.locator('[data-testid="chat-message"][data-role="assistant"][data-state="done"]');
  await expect(answers).toHaveCount(round, { timeout: 30_000 });
}

/** Bytes that the page's JavaScript and wasm hold, after what nobody needs was let go. */
async function heap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  const wasm = await page.evaluate(() => {
    const kaos = document.querySelector<HTMLLinkElement>('link[rel="modulepreload"]');
    return import(kaos?.href ?? "").then(
      (program: { initSync(): { memory: WebAssembly.Memory } }) => program.initSync().memory.buffer.byteLength,
    );
  });
  return usedSize + wasm;
}
