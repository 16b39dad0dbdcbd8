import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A door of one's own beside Google's: fires schedules, without any identity. `POST /<job>:run` */
export class Operator {
  private readonly server: Server;

  /** @param schedules names of the jobs. */
  constructor(schedules: readonly string[], fire: (schedule: string) => Promise<unknown>) {
    this.server = createServer((request, response) => {
      const schedule = schedules.find((name) => request.url === `/${name}:run`);
      const answer = (status: number, text: string) => response.writeHead(status).end(`${text}\n`);
      if (request.method !== "POST" || schedule === undefined) {
        answer(
          404,
          `Given ${request.method} ${request.url}; allowed: ${schedules.map((name) => `POST /${name}:run`).join(", ")}`,
        );
        return;
      }
      fire(schedule).then(
        () => answer(200, `fired ${schedule}`),
        (error: Error) => answer(500, error.message),
      );
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.server.listen(0, "127.0.0.1", resolve);
    });
  }
}
