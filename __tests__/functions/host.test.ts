import { EventEmitter, once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { finishRequestsOnSigterm } from "../../functions/shared/host";

/** What the functions see of their process. */
class FakeProcess extends EventEmitter {
  exits: number[] = [];
  exit = ((code: number) => {
    this.exits.push(code);
    this.emit("exited");
  }) as unknown as NodeJS.Process["exit"];
}

let server: Server;
let url: string;
let waiting: ServerResponse[];
const self = new FakeProcess();

afterAll(finishRequestsOnSigterm(self as unknown as NodeJS.Process));

beforeEach(async () => {
  waiting = [];
  server = createServer((_request, response) => {
    waiting.push(response);
    server.emit("waiting");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("on SIGTERM lets every request end, takes no new one, and exits with 0", async () => {
  const abrupt = jest.fn();
  self.on("SIGTERM", abrupt);
  const first = fetch(url);
  await once(server, "waiting");
  const second = fetch(url);
  await once(server, "waiting");

  self.emit("SIGTERM");
  expect(abrupt).not.toHaveBeenCalled();
  await expect(fetch(url)).rejects.toThrow("fetch failed");
  waiting[0]?.end("first");
  expect(await (await first).text()).toBe("first");
  expect(self.exits).toEqual([]);

  const exited = once(self, "exited");
  waiting[1]?.end("second");
  expect(await (await second).text()).toBe("second");
  await exited;
  expect(self.exits).toEqual([0]);
});
