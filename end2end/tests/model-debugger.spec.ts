// Models asked by hand: one, two beside each other, and one that refuses.

import { NAMESPACE, expect, expectAccessible, ready, test } from "./fixtures.ts";
import { becomesReady, create } from "./resources.ts";
import { say, scriptedModel } from "./scripted.ts";

test("two models are asked the same, and what each used is shown", async ({ page, request }) => {
  const model = await scriptedModel((response) => say(response, "Four", " words", " from", " me."));
  await create(request, "ModelAPI", "two-models", {
    mode: "Proxy",
    proxyConfig: { models: ["one", "two"], provider: "openai", apiBase: model.url },
  });
  await becomesReady(request, "ModelAPI", "two-models");
  await page.goto(`/ns/${NAMESPACE}/modelapis/two-models/debug`);
  await ready(page);
  await page.getByLabel("Model", { exact: true }).fill("one");
  await page.getByLabel("Compare with").fill("two");
  await page.getByLabel("Prompt", { exact: true }).fill("Say four words.");
  await page.getByRole("button", { name: "Ask" }).click();
  for (const name of ["one", "two"]) {
    const answer = page.getByRole("region", { name: `Answer of ${name}` });
    await expect(answer).toContainText("Four words from me.");
    await expect(answer).toContainText("Success");
    await expect(answer).toContainText(/Tokens in\s*11/);
    await expect(answer).toContainText(/Tokens out\s*4/);
  }
  await expectAccessible(page);
  model.stop();
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
