// What the server spends on pages and on those who look at them.

import { readFile } from "node:fs/promises";

import { type Page, expect, test } from "@playwright/test";

import type { Kaos } from "../tests/kaos.ts";
import { expectWithin, percentile } from "./budget.ts";
import { agent, describe, modelApi, seed, withKaos } from "./seed.ts";

const agents = (count: number) =>
  Array.from({ length: count }, (_, n) => agent(`agent-${n}`, "llm"));

test("the overview of 50 agents", async () => {
  await withKaos("overview", async (kaos) => {
    await seed(kaos, "fifty", [modelApi("llm"), ...agents(50)]);
    const times: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      const response = await fetch(`${kaos.url}/ns/fifty`);
      expect(response.status).toBe(200);
      await response.text();
      const timing = /render;dur=([\d.]+)/.exec(response.headers.get("server-timing") ?? "");
      times.push(Number(timing?.[1]));
    }
    const budget = { id: "B7", what: "rendering of the overview, P95", unit: "ms", target: 30, limit: 80 } as const;
    expectWithin(budget, percentile(times, 95));
  });
});

declare global {
  interface Window {
    /** Messages that all viewers together have heard. */
    messages: number;
  }
}

const VIEWERS = 20;
const WATCHED_SECONDS = 20;

test("20 viewers of 200 agents", async ({ browser }) => {
  await withKaos("viewers", async (kaos) => {
    await seed(kaos, "crowd", [modelApi("llm"), ...agents(200)]);
    const page = await browser.newPage();
    await page.goto(`${kaos.url}/ns/crowd/agents`);
    await page.evaluate(watch, VIEWERS);
    await heard(page, VIEWERS);

    const before = await spent(kaos);
    // Each viewer reads a page now and then, and something changes all the time.
    for (let second = 0; second < WATCHED_SECONDS; second += 1) {
      await describe(kaos, "crowd", `agent-${second}`, `Changed in second ${second}`);
      await (await fetch(`${kaos.url}/ns/crowd/agents`)).text();
      await page.waitForTimeout(1000);
    }
    const after = await spent(kaos);
    await heard(page, VIEWERS * (WATCHED_SECONDS + 1));
    await page.close();
    const cores = (after.seconds - before.seconds) / (after.at - before.at);
    expectWithin({ id: "B23", what: "memory with 20 viewers of 200 agents", unit: "MB", target: 150, limit: 300 }, after.megabytes);
    expectWithin({ id: "B23", what: "processor with 20 viewers of 200 agents", unit: "cores", target: 0.2, limit: 0.5 }, cores);
  });
});

/** Follows the namespace as so many tabs do. Runs in the page. */
function watch(viewers: number): void {
  window.messages = 0;
  for (let viewer = 0; viewer < viewers; viewer += 1) {
    const socket = new WebSocket(`ws://${location.host}/api/live`);
    socket.onopen = () => {
      for (const kind of ["agents", "modelapis", "mcpservers"]) {
        socket.send(JSON.stringify({ op: "subscribe", topic: `k8s/crowd/${kind}` }));
      }
    };
    socket.onmessage = () => (window.messages += 1);
  }
}

/** Waits until so many messages have come; a viewer who hears nothing would be cheap. */
async function heard(page: Page, messages: number): Promise<void> {
  await page.waitForFunction((least) => window.messages >= least, messages);
}

/** Memory and processor time of the program so far, as Linux counts them. */
async function spent(kaos: Kaos): Promise<{ megabytes: number; seconds: number; at: number }> {
  const status = await readFile(`/proc/${kaos.pid}/status`, "utf8");
  const stat = await readFile(`/proc/${kaos.pid}/stat`, "utf8");
  // After the name in brackets, which may hold spaces; in hundredths of a second.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
  return { megabytes: kilobytes / 1024, seconds: ticks / 100, at: performance.now() / 1000 };
}
