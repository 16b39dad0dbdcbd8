import { ApiError } from "../../src/core/api-error";
import { ManualClock } from "../../src/core/clock";
import type { Caller, EmulatorContext, Hop, Invocation, InvocationResult, RestReply } from "../../src/core/emulator";
import type { Served } from "../../src/core/service";
import { answersFor } from "../../src/network/services";

/** How a fake target answers: a status, no answer at all, or that nothing here can do it. */
export type Answer = number | "deadline" | "connection" | "skipped";

/**
 * What surrounds an emulator in a test: time that stands still, requests that are kept, and
 * everything allowed but what is denied.
 */
export class FakeContext implements EmulatorContext {
  readonly project = "p";
  readonly projectNumber = "123";
  readonly region = "us-central1";
  readonly clock = new ManualClock();
  readonly hops: Hop[] = [];
  /** `email permission resource` of every question asked. */
  readonly asked: string[] = [];
  readonly denied = new Set<string>();
  readonly invocations: (Invocation & { at: number })[] = [];
  /** The answer to a request; the default is 200 at once. */
  answer: (invocation: Invocation, index: number) => Answer | Promise<Answer> = () => 200;

  readonly recorder = { hop: (hop: Hop) => void this.hops.push(hop) };
  readonly tokens = {
    accessToken: (email: string) => `access:${email}`,
    idToken: (email: string, audience: string) => `id:${email}:${audience}`,
  };
  readonly authorizer = {
    require: ({ email }: Caller, permission: string, resource: string) => {
      const question = `${email} ${permission} ${resource}`;
      this.asked.push(question);
      if (!this.denied.has(question)) return;
      throw new ApiError("PERMISSION_DENIED", `${email} lacks ${permission} on ${resource}`);
    },
  };
  readonly invoker = {
    invoke: async (invocation: Invocation): Promise<InvocationResult> => {
      const index = this.invocations.push({ ...invocation, at: this.clock.now() }) - 1;
      const answer = await this.answer(invocation, index);
      const nothing = { headers: {}, body: Buffer.alloc(0) };
      if (answer === "skipped") return { ...nothing, status: 503, skipped: true };
      return typeof answer === "number" ? { ...nothing, status: answer } : { ...nothing, status: 0, failure: answer };
    },
  };

  /** Seconds since the first request, of every request. */
  seconds(): number[] {
    return this.invocations.map(({ at }) => (at - (this.invocations[0]?.at ?? 0)) / 1000);
  }
}

/** Calls an emulator as a REST client would. */
export async function rest(
  emulator: Served,
  method: string,
  url: string,
  { body, email = "caller@p" }: { body?: unknown; email?: string } = {},
): Promise<RestReply> {
  const { host, pathname, searchParams } = new URL(url);
  const service = emulator.rest.find(({ hosts }) => answersFor(hosts, host));
  if (!service) throw new Error(`Nothing answers for ${host}`);
  return service.handle({
    method,
    host,
    path: pathname,
    query: searchParams,
    headers: {},
    body: Buffer.from(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body)),
    caller: { email },
  });
}

/** Calls an emulator as a gRPC client would. */
export async function grpc(emulator: Served, service: string, method: string, request: object, email = "caller@p") {
  const found = emulator.grpc.find(({ name }) => name === service)?.methods[method];
  if (!found) throw new Error(`No ${service}.${method}`);
  return found(request, { email });
}
