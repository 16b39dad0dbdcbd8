import { request } from "node:http";
import { ControlServer } from "../../src/machine/control-server";

const fired: string[] = [];
const server = new ControlServer({
  schedules: ["nightly"],
  fire: async (schedule) => fired.push(schedule),
  deadLetters: () => [{ messageId: "1" }],
  stack: { stack: "s", port: 1, caFile: "ca.pem", outputs: {} },
});
beforeAll(() => server.start());
afterAll(() => server.stop());

function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const asked = request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.once("end", () => resolve([response.statusCode ?? 0, text]));
    });
    asked.once("error", reject).end();
  });
}

test("programs fire schedules and read dead letters", async () => {
  expect(await ask("POST", "/nightly:run")).toEqual([200, "fired nightly\n"]);
  expect(fired).toEqual(["nightly"]);
  expect((await ask("GET", "/dead-letters"))[1]).toContain('"messageId": "1"');
  expect(await ask("POST", "/nope:run")).toEqual([
    404,
    "Given POST /nope:run; allowed: POST /nightly:run, GET /dead-letters, GET /stack\n",
  ]);
});

test("pages in a browser do not, by whatever name they reach this machine", async () => {
  const browser = [403, "Given a request of a browser; allowed: programs, such as curl\n"];
  const { host } = new URL(server.url);
  fired.length = 0;
  expect(await ask("POST", "/nightly:run", { origin: "http://evil.example" })).toEqual(browser);
  expect(await ask("GET", "/dead-letters", { "sec-fetch-site": "cross-site" })).toEqual(browser);
  expect(await ask("GET", "/stack", { host: "evil.example" })).toEqual([
    403,
    `Given the host evil.example; allowed: ${host}\n`,
  ]);
  expect(fired).toEqual([]);
});
