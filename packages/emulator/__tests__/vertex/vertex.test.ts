import { answersFor } from "../../src/network/services";
import { vertexAi } from "../../src/vertex";
import { fittedModel } from "../../src/vertex/iris-model";
import { SoftmaxRegression } from "../../src/vertex/softmax-regression";
import { context } from "../support/context";

const ENDPOINT = "projects/p/locations/us-central1/endpoints/123";
const CALLER = { email: "worker@p" };

function emulator(grants: readonly string[] | "everything" = "everything") {
  const resource = {
    address: "google_workflows_workflow.w",
    type: "google_workflows_workflow",
    attributes: {
      user_env_vars: { PREDICT_URL: `https://us-central1-aiplatform.googleapis.com/v1/${ENDPOINT}:predict` },
    },
  };
  const vertex = vertexAi.create(context({ grants }), [resource]);
  const ask = async (body: object | string, endpoint = ENDPOINT, caller: { email?: string } = CALLER) =>
    vertex.rest[0]?.handle({
      method: "POST",
      host: "us-central1-aiplatform.googleapis.com",
      path: `/v1/${endpoint}:predict`,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
      caller,
    });
  return { vertex, ask };
}

describe("Vertex AI prediction", () => {
  test("the model has learned what it was not shown", () => {
    const { flowers, accuracy } = fittedModel();
    expect(flowers).toEqual({ training: 75, held: 75 });
    // Chance is a third; Fisher's own discriminant makes about 2 % errors on all rows.
    expect(accuracy).toBeGreaterThan(0.9);
    expect(accuracy).toBeLessThan(1);
  });

  test("predicts objects and lists alike, and says what it is", async () => {
    const { ask } = emulator();
    const setosa = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    const reply = await ask({ instances: [setosa, [6.9, 3.1, 5.4, 2.1]], parameters: {} });
    const body = reply?.body as { predictions: { class: string; probabilities: Record<string, number> }[] };
    expect(body).toMatchObject({
      deployedModelId: "emulated",
      model: "projects/123/locations/us-central1/models/emulated",
    });
    expect(body.predictions.map((prediction) => prediction.class)).toEqual(["setosa", "virginica"]);
    for (const { probabilities } of body.predictions) {
      expect(Object.keys(probabilities)).toEqual(["setosa", "versicolor", "virginica"]);
      expect(Object.values(probabilities).reduce((sum, value) => sum + value)).toBeCloseTo(1, 10);
    }
  });

  test.each([
    [{}, "Empty instances."],
    [{ instances: [] }, "Empty instances."],
    [
      { instances: [[1, 2, 3]] },
      "Instance 0 is [1,2,3]; the model takes the numbers sepal_length, sepal_width, petal_length, petal_width, as an object or a list",
    ],
    [{ instances: [[1, 2, 3, 4], "text"] }, 'Instance 1 is "text"; the model takes'],
    [{ instances: [null] }, "Instance 0 is null; the model takes"],
    [{ instances: [{ sepal_length: "5" }] }, 'Instance 0 is {"sepal_length":"5"}; the model takes'],
    [
      { instances: [[1, 2, 3, 4]], instance: 1 },
      'Invalid JSON payload received. Unknown name "instance": Cannot find field.',
    ],
    ["[", "Invalid JSON payload received. "],
  ])("refuses %j", async (body, message) => {
    await expect(emulator().ask(body)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
  });

  test("an endpoint that the stack does not name is 404, a request over 1.5 MB 400", async () => {
    const { ask } = emulator();
    await expect(ask({ instances: [[1, 2, 3, 4]] }, ENDPOINT.replace("123", "124"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: "The Endpoint does not exist: projects/p/locations/us-central1/endpoints/124",
    });
    await expect(ask("x".repeat(1_572_865))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  // Sources: FIDELITY.md.
  describe("a dedicated endpoint", () => {
    const own = "123.us-central1-789.prediction.vertexai.goog";
    const shared = "us-central1-aiplatform.googleapis.com";
    const PREDICT = { instances: [[1, 2, 3, 4]] };

    async function ask(host: string, body: object = PREDICT, endpoint = ENDPOINT) {
      const other = ENDPOINT.replace("123", "124");
      const attributes = { url: `https://${own}/v1/${ENDPOINT}:predict`, other };
      const resource = { address: "google_workflows_workflow.w", type: "google_workflows_workflow", attributes };
      const { rest } = vertexAi.create(context({ grants: "everything" }), [resource]);
      const service = rest.find(({ hosts }) => answersFor(hosts, host));
      return service?.handle({
        method: "POST",
        host,
        path: `/v1/${endpoint}:predict`,
        query: new URLSearchParams(),
        headers: {},
        body: Buffer.from(JSON.stringify(body)),
        caller: CALLER,
      });
    }

    test("answers on its own host, requests up to 10 MB", async () => {
      const body = { ...PREDICT, parameters: "x".repeat(2_000_000) };
      expect(await ask(own, body)).toMatchObject({ status: 200 });
      await expect(ask(own, { ...PREDICT, parameters: "x".repeat(10 * 1024 * 1024) })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: "Request payload size exceeds the limit: 10485760 bytes; given 10485801",
      });
    });

    test("is refused on the shared host, which names the right one", async () => {
      await expect(ask(shared)).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        message: `Dedicated Endpoint cannot be accessed through the shared Vertex AI domain aiplatform.googleapis.com. Please access the endpoint using its dedicated domain name '${own}'`,
      });
    });

    test("leaves the shared host to the others, and its own to nobody else", async () => {
      const other = ENDPOINT.replace("123", "124");
      expect(await ask(shared, PREDICT, other)).toMatchObject({ status: 200 });
      await expect(ask(own, PREDICT, other)).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: `The Endpoint does not exist: ${other}`,
      });
    });
  });

  test("needs aiplatform.endpoints.predict on the project", async () => {
    await expect(emulator([]).ask({ instances: [[1, 2, 3, 4]] })).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      message: "worker@p lacks aiplatform.endpoints.predict on projects/p",
    });
    const granted = emulator(["worker@p aiplatform.endpoints.predict projects/p"]);
    await expect(granted.ask({ instances: [[1, 2, 3, 4]] })).resolves.toMatchObject({ status: 200 });
  });
});

test("softmax regression recovers the odds that made the labels", () => {
  // One feature, two labels, at x = ±1 in the proportions 3 : 1 and 1 : 3: the fitted odds are
  // those.
  const examples = [1, 1, 1, -1].flatMap((sign) => [
    { features: [sign], label: "up" },
    { features: [-sign], label: "down" },
  ]);
  const [down, up] = new SoftmaxRegression(examples).probabilities([1]);
  expect(up).toBeCloseTo(0.75, 2);
  expect(down).toBeCloseTo(0.25, 2);
});
