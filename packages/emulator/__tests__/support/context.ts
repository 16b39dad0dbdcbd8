import { ApiError } from "../../src/core/api-error";
import { ManualClock } from "../../src/core/clock";
import type { Authorizer, EmulatorContext, Hop, Invocation, InvocationResult } from "../../src/core/emulator";
import type { PublishedMessage, TopicPublisher } from "../../src/pubsub/publisher";

/**
 * Grants like `worker@x storage.objects.get projects/_/buckets/b`, where the resource's end may be
 * a star.
 */
export class GrantTable implements Authorizer {
  readonly asked: string[] = [];

  constructor(private readonly grants: readonly string[] | "everything") {}

  require(caller: { email?: string }, permission: string, resource: string): void {
    this.asked.push(`${permission} ${resource}`);
    if (this.grants === "everything") return;
    const allowed = this.grants.some((grant) => {
      const [email, granted, on = ""] = grant.split(" ");
      const covers = on.endsWith("*") ? resource.startsWith(on.slice(0, -1)) : on === resource;
      return email === caller.email && granted === permission && covers;
    });
    if (!allowed) throw new ApiError("PERMISSION_DENIED", `${caller.email} lacks ${permission} on ${resource}`);
  }
}

/** Keeps what is published; fails as given. */
export class RecordingPublisher implements TopicPublisher {
  readonly published: { email?: string; topic: string; message: PublishedMessage }[] = [];
  failures: ApiError[] = [];

  async publish({ email }: { email?: string }, topic: string, message: PublishedMessage): Promise<string> {
    const failure = this.failures.shift();
    if (failure) throw failure;
    this.published.push({ email, topic, message });
    return String(this.published.length);
  }
}

export interface TestContext extends EmulatorContext {
  readonly clock: ManualClock;
  readonly authorizer: GrantTable;
  readonly hops: Hop[];
  readonly invocations: Invocation[];
}

export function context({
  grants = "everything",
  answer = async () => ({ status: 404, headers: {}, body: Buffer.from("") }),
}: {
  grants?: readonly string[] | "everything";
  answer?: (invocation: Invocation) => Promise<InvocationResult>;
} = {}): TestContext {
  const hops: Hop[] = [];
  const invocations: Invocation[] = [];
  return {
    project: "p",
    projectNumber: "123",
    region: "us-central1",
    clock: new ManualClock(),
    authorizer: new GrantTable(grants),
    recorder: { hop: (hop) => hops.push(hop) },
    tokens: {
      accessToken: (email) => `access:${email}`,
      idToken: (email, audience) => `id:${email}:${audience}`,
    },
    invoker: {
      invoke: async (invocation) => {
        invocations.push(invocation);
        return answer(invocation);
      },
    },
    hops,
    invocations,
  };
}
