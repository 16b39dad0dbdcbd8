import { createServer, type Server } from "node:net";
import { freePort } from "../../src/run/container-program";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve)))));

async function listen(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
}

test("ports for programs are free, each another one, and none that a system gives to whoever asks for any", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  expect(Math.min(...ports)).toBeGreaterThan(1023);
  // Linux, the lowest: https://docs.kernel.org/networking/ip-sysctl.html, ip_local_port_range.
  expect(Math.max(...ports)).toBeLessThan(32_768);
  for (const port of ports) await listen(port);
});

test("a port on which somebody listens is left out", async () => {
  const next = (await freePort()) + 1;
  // If it is taken, somebody listens there already.
  await listen(next).catch(() => {});
  expect(await freePort()).not.toBe(next);
});
