// The official OpenAI client for Node.js, unchanged, against agents.

import { expect, test } from "@playwright/test";
import OpenAI from "openai";

import { agent, agentsAreReady, answersUnderWay, trace } from "./agents.ts";

const SENTENCE = "The top three vendors hold 88 percent of the market.";
const QUESTION = [{ role: "user" as const, content: "What do the top three vendors hold?" }];
const ASKED = { model: "any", messages: QUESTION };
const WEATHER: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

test.beforeAll(agentsAreReady);

/** The request that the model got, as the agent `mirror` tells it. */
function seen(completion: OpenAI.ChatCompletion) {
  return JSON.parse(completion.choices[0]?.message.content ?? "");
}

test("an answer has words, a reason and usage", async () => {
  const answer = await agent("plain").chat.completions.create(ASKED);
  expect(answer.choices[0]?.message.content).toBe(SENTENCE);
  expect(answer.choices[0]?.finish_reason).toBe("stop");
  expect(answer.usage?.total_tokens).toBe(144);
});

test("a stream begins with the role and ends with the reason and the usage", async () => {
  const stream = await agent("plain").chat.completions.create({
    ...ASKED,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  expect(choices[0]?.delta.role).toBe("assistant");
  expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe(SENTENCE);
  expect(choices.map((choice) => choice.finish_reason).filter(Boolean)).toEqual(["stop"]);
  expect(chunks.at(-1)?.usage?.total_tokens).toBe(144);
});

test("the streaming helper of the client works", async () => {
  const stream = agent("plain").chat.completions.stream(ASKED);
  expect(await stream.finalContent()).toBe(SENTENCE);
});

test("words come while the model speaks", async () => {
  const stream = await agent("slow").chat.completions.create({ ...ASKED, stream: true });
  const times: number[] = [];
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) times.push(performance.now());
  }
  // Nine words with 200 ms between them.
  expect(times.length).toBeGreaterThan(5);
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1000);
});

test("parameters and a JSON schema reach the model", async () => {
  const schema = { type: "object", properties: { share: { type: "number" } } };
  const format: OpenAI.ResponseFormatJSONSchema = {
    type: "json_schema",
    json_schema: { name: "share", strict: true, schema },
  };
  const answer = await agent("mirror").chat.completions.create({
    ...ASKED,
    temperature: 0.25,
    max_tokens: 77,
    seed: 11,
    stop: ["END"],
    response_format: format,
  });
  expect(seen(answer)).toMatchObject({
    temperature: 0.25,
    max_tokens: 77,
    seed: 11,
    stop: ["END"],
    response_format: format,
  });
});

test("the caller's tools are called by the caller", async () => {
  const client = agent("caller");
  const first = await client.chat.completions.create({ ...ASKED, tools: [WEATHER] });
  const message = first.choices[0]?.message;
  expect(first.choices[0]?.finish_reason).toBe("tool_calls");
  const call = message?.tool_calls?.[0];
  if (message === undefined || call?.type !== "function") throw new Error("no call");
  expect(call.function.name).toBe("get_weather");
  expect(JSON.parse(call.function.arguments)).toHaveProperty("city");
  const result = { role: "tool" as const, tool_call_id: call.id, content: "sunny" };
  const messages = [...QUESTION, message, result];
  const second = await client.chat.completions.create({ ...ASKED, messages, tools: [WEATHER] });
  expect(second.choices[0]?.message.content).toBe(SENTENCE);
});

test("the client runs the caller's tools by itself", async () => {
  const asked: string[] = [];
  const weather = {
    type: "function" as const,
    function: {
      name: "get_weather",
      description: "The weather of a city",
      parameters: WEATHER.function.parameters ?? {},
      parse: JSON.parse,
      function: ({ city }: { city: string }) => {
        asked.push(city);
        return "sunny";
      },
    },
  };
  const runner = agent("caller").chat.completions.runTools({ ...ASKED, tools: [weather] });
  expect(await runner.finalContent()).toBe(SENTENCE);
  expect(asked).toHaveLength(1);
});

test("a session goes on with only the new message", async () => {
  const client = agent("mirror");
  const headers = { "X-Session-ID": `node-${Date.now()}` };
  const say = (content: string) => {
    const messages = [{ role: "user" as const, content }];
    return client.chat.completions.create({ model: "any", messages }, { headers });
  };
  await say("My name is Ada.");
  const { messages } = seen(await say("Who am I?")) as { messages: { content: string }[] };
  const words = messages.map((message) => message.content);
  expect(words).toContain("My name is Ada.");
  expect(words.at(-1)).toBe("Who am I?");
});

test("failures are the client's own classes of errors", async () => {
  const failure = (name: string, messages = QUESTION) =>
    agent(name)
      .chat.completions.create({ model: "any", messages })
      .then(() => undefined)
      .catch((error: unknown) => error);
  const unreachable = await failure("unreachable");
  expect(unreachable).toBeInstanceOf(OpenAI.InternalServerError);
  // 503 once it was asked so often that it is spared for a while.
  expect([502, 503]).toContain((unreachable as InstanceType<typeof OpenAI.APIError>).status);
  expect(await failure("nobody")).toBeInstanceOf(OpenAI.NotFoundError);
  expect(await failure("plain", [])).toBeInstanceOf(OpenAI.BadRequestError);
});

test("a model that cannot be reached is an error before a stream begins", async () => {
  const stream = agent("unreachable").chat.completions.create({ ...ASKED, stream: true });
  await expect(stream).rejects.toBeInstanceOf(OpenAI.InternalServerError);
});

for (const name of ["slow", "coordinator"]) {
  test(`aborting the stream of ${name} cancels the run and the model`, async () => {
    const asking = agent(name).chat.completions.create({ ...ASKED, stream: true });
    const { data: stream, response } = await asking.withResponse();
    const chunks = stream[Symbol.asyncIterator]();
    await chunks.next();
    await expect.poll(answersUnderWay).toBe(1);
    const aborted = performance.now();
    stream.controller.abort();
    await expect.poll(answersUnderWay, { intervals: [10] }).toBe(0);
    // What is waited for takes another second by itself.
    expect(performance.now() - aborted).toBeLessThan(500);
    const spans = await trace(response.headers.get("x-trace-id") ?? "");
    expect(spans.find((span) => span.isRoot)?.finishReason).toBe("cancelled");
  });
}
