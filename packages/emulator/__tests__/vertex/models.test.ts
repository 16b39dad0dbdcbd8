import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ApiError } from "../../src/core/api-error";
import { irisOrEcho, ModelError, modelFor, readModel } from "../../src/vertex";
import { alwaysIris } from "../../src/vertex/choose";

test("the Iris data is that of samples/iris.csv", () => {
  const own = readFileSync(join(__dirname, "../../src/vertex/iris.csv"));
  expect(own).toEqual(readFileSync(join(__dirname, "../../../../samples/iris.csv")));
});

const FLOWER = [5.1, 3.5, 1.4, 0.2];
const TEXT = { text: "a fine day" };
const nameOf = (model: { describe(): string }) => model.describe().split(",")[0];

describe("which model answers where none is given", () => {
  test("all that goes in is answered by one: ours if a flower is among it, echo if none is", () => {
    expect(nameOf(modelFor([TEXT, FLOWER])([TEXT]))).toBe("iris");
    expect(nameOf(modelFor([TEXT, "x", null])([FLOWER]))).toBe("echo");
    expect(nameOf(modelFor([])([TEXT]))).toBe("iris");
  });

  test("of a stack that stays up each request is answered by one of them", () => {
    expect([irisOrEcho([TEXT, FLOWER]), irisOrEcho([TEXT]), alwaysIris([TEXT])].map(nameOf)).toEqual([
      "iris",
      "echo",
      "iris",
    ]);
  });

  test("echo gives back what it gets, iris refuses what is no flower", async () => {
    expect(await irisOrEcho([TEXT]).predict([TEXT, 1, null], {})).toEqual([TEXT, 1, null]);
    await expect(alwaysIris([TEXT]).predict([TEXT], {})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("a model at a URL", () => {
  let server: Server;
  let answer: (body: string) => { status: number; text: string };
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => {
        body += chunk;
      });
      request.once("end", () => {
        const { status, text } = answer(`${request.method} ${request.headers["content-type"]} ${body}`);
        response.writeHead(status).end(text);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/predict`;
  });
  afterAll(() => server.close());

  const ask = async (at = url) => (await readModel(at, (path) => path)).predict([1, 2], { k: 1 });

  // Source of the shapes:
  // https://docs.cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
  test("gets instances and parameters as a container of Vertex AI does, and answers with predictions", async () => {
    let asked = "";
    answer = (body) => {
      asked = body;
      return { status: 200, text: '{"predictions":["one","two"]}' };
    };
    expect(await ask()).toEqual(["one", "two"]);
    expect(asked).toBe('POST application/json {"instances":[1,2],"parameters":{"k":1}}');
  });

  test.each([
    [400, "no such feature", "INVALID_ARGUMENT", "400 no such feature"],
    [422, "{}", "INVALID_ARGUMENT", "422 {}"],
    [429, "slowly", "RESOURCE_EXHAUSTED", "429 slowly"],
    [500, "oh", "INTERNAL", "500 oh"],
    [503, "", "UNAVAILABLE", "503 "],
    [200, "<html>", "INTERNAL", "the model's answer is not JSON: <html>"],
    [200, '{"predictions":["one"]}', "INTERNAL", /gave 1 predictions for 2 instances$/],
    [200, '{"outputs":[]}', "INTERNAL", /gave no list of predictions for 2 instances$/],
  ])("that answers %i %s fails as %s", async (status, text, code, message) => {
    answer = () => ({ status, text });
    const error = (await ask().catch((failure) => failure)) as ApiError;
    expect(error).toBeInstanceOf(ApiError);
    expect([error.code, error.message]).toEqual([
      code,
      typeof message === "string" ? message : expect.stringMatching(message),
    ]);
  });

  test("that does not answer is unavailable", async () => {
    await expect(ask("http://127.0.0.1:1/")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching(/^the model does not answer: /),
    });
  });
});

test.each([
  ["nonsense", /^Given --predict "nonsense"; allowed: echo, iris, a URL .*, or a file \(\.js, \.mjs, \.cjs, \.ts\)/],
  ["model.ts", /^Given --predict "model\.ts"; there is no \/here\/model\.ts; allowed: /],
  ["http://", /^Given --predict "http:\/\/"; allowed: /],
])("a model that cannot be, %s: what was given and what is allowed", async (given, message) => {
  const failure = readModel(given, (path) => `/here/${path}`);
  await expect(failure).rejects.toThrow(ModelError);
  await expect(failure).rejects.toThrow(message);
});
