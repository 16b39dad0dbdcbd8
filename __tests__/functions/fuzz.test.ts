import * as fc from "fast-check";
import { readEnvironment } from "../../functions/shared/environment";
import { environments } from "../support/environments";
import { FakeGoogle } from "../support/fake-google";
import { forgedHeaders, hostileAttributes, hostileBody, SECRET } from "../support/hostile";
import { envelope, type Served, serve } from "../support/serve";

/** Requests per function. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 100);
const OWN_FOLDERS = /^gs:\/\/(out-bucket\/|run-bucket\/runs\/|results\/(text|audit)\/)/;

let google: FakeGoogle;
const served: Served[] = [];

beforeAll(async () => {
  google = await FakeGoogle.start();
});

afterAll(() => Promise.all([google, ...served].map((server) => server.stop())));

test.each(Object.entries(environments))(
  "%s: no crash, no 5xx, no write elsewhere, no payload in the log",
  async (folder, variables) => {
    const { environmentSchema } = require(`../../functions/${folder}/environment`);
    const { createHandler } = require(`../../functions/${folder}/handler`);
    const predictor = { predict: async (instances: unknown[]) => instances };
    const environment = readEnvironment(environmentSchema, variables);
    const server = await serve(createHandler(environment, { ...google.services(folder), predictor }));
    served.push(server);
    const request = fc.asyncProperty(
      hostileBody,
      forgedHeaders,
      fc.option(hostileAttributes),
      async (body, headers, attributes) => {
        google.logLines.length = 0;
        const wrapped = attributes ? JSON.stringify(envelope(body, { attributes })) : body;
        const { status, text } = await server.post(wrapped, headers);
        expect(status).toBeLessThan(500);
        expect(text).not.toContain("    at ");
        expect(google.buckets.uris.filter((uri) => !OWN_FOLDERS.test(uri))).toEqual([]);
        expect(google.logLines.filter((line) => line.includes(SECRET))).toEqual([]);
        expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      },
    );
    await fc.assert(request, { numRuns: RUNS });
  },
);
