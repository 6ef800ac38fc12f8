// Models asked by hand: one, two beside each other, and one that refuses.

import { type ServerResponse } from "node:http";

import { type APIRequestContext, type Page } from "@playwright/test";

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";
import { begin, finish, say, scriptedModel } from "./scripted.ts";

// A model takes this long to its first word.
const FIRST_WORD_MS = 200;

async function createModelApi(request: APIRequestContext, name: string, apiBase: string) {
  await create(request, "ModelAPI", name, {
    mode: "Proxy",
    proxyConfig: { models: ["one", "two"], provider: "openai", apiBase },
  });
  await becomesReady(request, "ModelAPI", name);
}

async function askBoth(page: Page) {
  await page.getByLabel("Model", { exact: true }).fill("one");
  await page.getByLabel("Compare with").fill("two");
  await page.getByLabel("Prompt", { exact: true }).fill("Say four words.");
  await page.getByRole("button", { name: "Ask" }).click();
}

async function expectBothAnswers(page: Page) {
  for (const name of ["one", "two"]) {
    const answer = page.getByRole("region", { name: `Answer of ${name}` });
    await expect(answer).toContainText("Four words from me.");
    await expect(answer).toContainText("Success");
    await expect(answer).toContainText(/Tokens in\s*11/);
    await expect(answer).toContainText(/Tokens out\s*4/);
  }
}

test("two models are asked the same, and what each says grows while it comes", async ({
  page,
  request,
}) => {
  const open: ServerResponse[] = [];
  const model = await scriptedModel((response) => {
    open.push(response);
    setTimeout(() => begin(response, "Four", " words"), FIRST_WORD_MS);
  });
  await createModelApi(request, "slow-models", model.url);
  await page.goto(`/ns/${NAMESPACE}/modelapis/slow-models/debug`);
  await ready(page);
  await askBoth(page);
  for (const name of ["one", "two"]) {
    const answer = page.getByRole("region", { name: `Answer of ${name}` });
    await expect(answer).toContainText("Four words");
    await expect(answer).toContainText(/first token after \d+ ms|first token after [\d.]+ s/);
    await expect(answer).not.toContainText("from me.");
  }
  await expectAccessible(page);
  for (const response of open) {
    begin(response, " from", " me.");
    finish(response, 4);
  }
  await expect(page).toHaveURL(/call=\d+&with=\d+/);
  await expectBothAnswers(page);
  const facts = await page.getByRole("region", { name: "Answer of one" }).innerText();
  const [, number, unit] = /Time to first token\s*([\d.]+) (ms|s)/.exec(facts) ?? [];
  // How much later it is depends on the machine.
  expect(Number(number) * (unit === "s" ? 1000 : 1)).toBeGreaterThanOrEqual(FIRST_WORD_MS - 50);
  await expectAccessible(page);
  model.stop();
});

test("an answer that nobody wants any more is stopped", async ({ page, request }) => {
  let isLetGo = false;
  const model = await scriptedModel((response) => {
    response.on("close", () => (isLetGo = true));
    begin(response, "Once", " upon");
  });
  await createModelApi(request, "endless", model.url);
  await page.goto(`/ns/${NAMESPACE}/modelapis/endless/debug`);
  await ready(page);
  await page.getByLabel("Prompt", { exact: true }).fill("Tell me everything.");
  await page.getByRole("button", { name: "Ask" }).click();
  const answer = page.getByRole("region", { name: "Answer of one" });
  await expect(answer).toContainText("Once upon");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(answer).toContainText("Stopped");
  await expect(answer).toContainText("Once upon");
  await expect.poll(() => isLetGo, { message: "the model is let go of" }).toBe(true);
  model.stop();
});

test.describe("without scripts", () => {
  test.use({ javaScriptEnabled: false });

  test("the form is posted, and the answers are a page", async ({ page, request }) => {
    const model = await scriptedModel((response) =>
      say(response, "Four", " words", " from", " me."),
    );
    await createModelApi(request, "posted-models", model.url);
    await page.goto(`/ns/${NAMESPACE}/modelapis/posted-models/debug`);
    await askBoth(page);
    await expectBothAnswers(page);
    model.stop();
  });
});

test("a provider that refuses is quoted, and the key is not", async ({ page, request }) => {
  const refusal = { error: { message: "Incorrect API key provided", type: "invalid_request_error" } };
  const model = await scriptedModel((response) => {
    response.writeHead(401, { "content-type": "application/json" });
    response.end(JSON.stringify(refusal));
  });
  const key = "sk-very-secret-42";
  const secret = await request.post(`/kube/api/v1/namespaces/${NAMESPACE}/secrets`, {
    data: { metadata: { name: "wrong-key" }, stringData: { "api-key": key } },
  });
  expect([201, 409]).toContain(secret.status());
  await create(request, "ModelAPI", "refusing", {
    mode: "Proxy",
    proxyConfig: {
      models: ["*"],
      provider: "openai",
      apiBase: model.url,
      apiKeySecretRef: { name: "wrong-key", key: "api-key" },
    },
  });
  await becomesReady(request, "ModelAPI", "refusing");
  await page.goto(`/ns/${NAMESPACE}/modelapis/refusing/debug`);
  await ready(page);
  await page.getByLabel("Model", { exact: true }).fill("gpt-refused");
  await page.getByLabel("Prompt", { exact: true }).fill("Hello");
  await page.getByRole("button", { name: "Ask" }).click();
  const answer = page.getByRole("region", { name: "Answer of gpt-refused" });
  await expect(answer).toContainText("401");
  await expect(answer).toContainText("Incorrect API key provided");
  await expect(answer).toContainText("wrong-key");
  expect(await page.content()).not.toContain(key);
  model.stop();
});
