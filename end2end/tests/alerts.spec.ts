// An agent that fails is told to a webhook, seen on every page, tried on the last day, and silenced.

import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";

import { NAMESPACE, expect, expectAccessible, ready, test as base } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";

/** Metrics are sent every five seconds, and rules looked at every fifteen. */
const TOLD_WITHIN_MS = 90_000;

interface Told {
  text: string;
  attachments: { title_link?: string }[];
}

/** Whoever is told of alerts. */
interface Sink {
  server: Server;
  url: string;
  told: Told[];
}

const test = base.extend<object, { sink: Sink }>({
  sink: [
    async ({}, use) => {
      const told: Told[] = [];
      const server = createServer((request, response) => {
        let body = "";
        request.on("data", (part) => (body += part));
        request.on("end", () => {
          told.push(JSON.parse(body));
          response.end("<b>thanks</b>");
        });
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as AddressInfo;
      await use({ server, url: `http://127.0.0.1:${port}/secret`, told });
      server.close();
    },
    { scope: "worker" },
  ],

  settings: ({ sink }, use) => use({ KAOS_ALERT_WEBHOOKS: sink.url }),
});

// The address that cannot be used.
test.use({ toleratedErrors: [/status of 422/] });

test("a failing agent is told, counted in the header, and silenced", async ({
  page,
  request,
  kaos,
  sink,
}) => {
  test.setTimeout(TOLD_WITHIN_MS + 60_000);
  await create(request, "ModelAPI", "nowhere", {
    mode: "Proxy",
    proxyConfig: { models: ["*"], provider: "openai", apiBase: "http://127.0.0.1:9/v1" },
  });
  await create(request, "Agent", "failing", { modelAPI: "nowhere", model: "openai/gpt-4o" });
  await becomesReady(request, "Agent", "failing");

  // The rules that are there from the beginning, and whoever is told.
  await page.goto(`/ns/${NAMESPACE}/alerts`);
  await ready(page);
  for (const rule of ["KaosRequestLatencyHigh", "KaosErrorRateHigh", "KaosModelFailuresHigh"]) {
    await expect(page.getByRole("row", { name: new RegExp(rule) })).toContainText("OK");
  }
  await page.getByRole("button", { name: "Test 127.0.0.1" }).click();
  await expect(page.getByRole("status").filter({ hasText: "It was taken." })).toContainText(
    "HTTP 200: <b>thanks</b>",
  );
  expect(sink.told[0]?.attachments[0]?.title_link).toBe(`${kaos.url}/ns/default/alerts`);
  await expect(page.getByRole("main"), "its address is secret").not.toContainText("/secret");

  // A second one, added here: what is wrong is said at its field, and only its host is shown again.
  const address = page.getByLabel("New webhook");
  await address.fill("hooks.example");
  await page.getByRole("button", { name: "Add" }).click();
  await expect(page.getByRole("main")).toContainText("it has to begin with https:// or http://");
  await expect(address).toHaveValue("hooks.example");
  await address.fill(sink.url.replace("127.0.0.1", "localhost"));
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Test localhost" }).click();
  await expect(page.getByRole("status").filter({ hasText: "It was taken." })).toBeVisible();
  await expect(page.getByRole("main"), "its address is secret").not.toContainText("/secret");
  await page.getByRole("button", { name: "Remove localhost" }).click();
  await expect(page.getByRole("button", { name: "Test localhost" })).toHaveCount(0);
  const given = page.getByRole("button", { name: "Remove 127.0.0.1" });
  await expect(given, "what the environment names is not removed here").toHaveCount(0);
  await expectAccessible(page);

  // One that tells at once.
  await page.getByRole("link", { name: "KaosErrorRateHigh" }).click();
  await expect(page.getByRole("main")).toContainText("It would not have fired.");
  await page.getByLabel("For", { exact: true }).fill("0");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("For", { exact: true })).toHaveValue("0");

  for (let n = 0; n < 3; n += 1) {
    const url = `/agents/${NAMESPACE}/failing/v1/chat/completions`;
    const messages = [{ role: "user", content: "Are you there?" }];
    const response = await request.post(url, { data: { model: "failing", messages } });
    expect(response.ok()).toBe(false);
  }
  await expect
    .poll(() => sink.told.map(({ text }) => text), { timeout: TOLD_WITHIN_MS })
    .toContainEqual("Firing: KaosErrorRateHigh of agent failing: 1.000 is above 0.05");
  const link = sink.told.at(-1)?.attachments[0]?.title_link ?? "";
  expect(link).toBe(`${kaos.url}/alerts/KaosErrorRateHigh`);

  await page.goto(link);
  await ready(page);
  await expect(page.getByRole("link", { name: "Alerts: 1 fires" })).toBeVisible();
  await expect(page.getByRole("row", { name: /KaosErrorRateHigh/ })).toContainText("100.0 %");
  await expect(page.getByRole("main")).toContainText("It would have fired once: ");

  // What is behind it.
  await page.getByRole("link", { name: "Runs of the last hour" }).click();
  await expect(page).toHaveURL(/\/traces\?q=service/);
  await expect(page.getByTestId("trace-row")).toHaveCount(3);

  await page.goto(link);
  await page.getByLabel("Tell nobody for").selectOption("60");
  await page.getByRole("button", { name: "Silence" }).click();
  await expect(page.getByRole("row", { name: /KaosErrorRateHigh/ })).toContainText("Firing, silenced");
  await page.getByRole("button", { name: "End the silence" }).click();
  await expect(page.getByLabel("Tell nobody for")).toBeVisible();

  // From a picture of what is measured to a rule about it.
  await page.goto(`/ns/${NAMESPACE}/metrics?agent=failing`);
  await page.getByRole("link", { name: "Alert on this" }).nth(1).click();
  await expect(page.getByLabel("Agent")).toHaveValue("failing");
  await page.getByLabel("Name", { exact: true }).fill("Mine");
  await page.getByRole("button", { name: "Create rule" }).click();
  await expect(page).toHaveURL(/\/alerts\/Mine$/);
  await page.getByRole("button", { name: "Delete rule" }).click();
  await expect(page.getByRole("link", { name: "Mine" })).toHaveCount(0);
});
