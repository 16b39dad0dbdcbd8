import type { StackResource } from "../../terraform";
import { ApiError } from "../core/api-error";
import { type Clock, RealClock } from "../core/clock";
import { LoadError } from "../core/load-error";
import type { Invocation, Invoker, StandIn, Surroundings } from "../core/stand-in";
import { FunctionHost } from "../functions";
import type { LogEntry } from "../functions/log";
import { type Binding, BindingAuthorizer, type Denial } from "../iam";
import { Network, type Service, TokenAuthority } from "../network";
import { load } from "./load";
import { LineRecorder } from "./recorder";
import { RunningStack } from "./running-stack";
import { all, createStandIns, SIMULATED_SERVICES, type StandIns } from "./stand-ins";

export interface StartOptions {
  /** Default: the time on the wall. */
  readonly clock?: Clock;
  /** Where the lines of hops go. Default: nowhere. */
  readonly write?: (line: string) => void;
  /** Default false. */
  readonly colours?: boolean;
  /** Told what functions write. */
  readonly onLog?: (functionName: string, entry: LogEntry) => void;
  /** Chooses among the stack's bindings: those that it leaves out allow nothing. Default: all. */
  readonly bindings?: (binding: Binding) => boolean;
}

/** A function that does not start, with the last lines of its log. */
export class StartError extends Error {}

/**
 * Starts a synthesized stack on this machine, and waits until all its functions listen.
 *
 * @param folder holds `cdk.tf.json`.
 * @throws StackError, LoadError with everything that is not simulated, ApiError for what the stack's own deployment may not do,
 *   StartError. Nothing runs then any more.
 */
export async function startStack(folder: string, options: StartOptions = {}): Promise<RunningStack> {
  const { stack, bindings } = load(folder, [FunctionHost.simulated, ...SIMULATED_SERVICES]);
  const { project, region } = stack.defaults;
  const of = { project, projectNumber: stack.projectNumber, region };
  const resources = stack.resources;
  const problems = FunctionHost.problems({ ...of, resources });
  if (problems.length > 0) throw new LoadError(problems);

  const clock = options.clock ?? new RealClock();
  const recorder = new LineRecorder({
    clock,
    write: options.write,
    colours: options.colours,
    names: namesOf(resources),
  });
  const denials: Denial[] = [];
  const authorizer = new BindingAuthorizer(bindings.filter(options.bindings ?? (() => true)), {
    project,
    onDenied: (denial) => denials.push(denial),
  });
  const unsimulated: string[] = [];
  const tokens = new TokenAuthority();
  const network = new Network({ ...of, tokens, onRefused: (host) => unsimulated.push(`${host} is not simulated`) });
  let standIns: StandIns | undefined;
  const functions = new FunctionHost({
    ...of,
    resources,
    folder: stack.folder,
    network,
    authorizer,
    clock,
    onLog: options.onLog,
  });
  try {
    const invoker: Invoker = { invoke: (invocation: Invocation) => functions.invoke(invocation) };
    const surroundings: Surroundings = { ...of, clock, recorder, authorizer, tokens, invoker };
    const written: { bucket: string; name: string }[] = [];
    standIns = createStandIns(surroundings, stack, (bucket, name) => written.push({ bucket, name }));
    network.services.add(...all(standIns).map((standIn) => watched(standIn, (what) => unsimulated.push(what))), {
      rest: [doors(functions, tokens, resources)],
      grpc: [],
    });
    await network.start();
    await functions.start().catch((error) => {
      throw error instanceof ApiError ? error : new StartError(error.message);
    });
    return new RunningStack({
      stack,
      network,
      tokens,
      functions,
      standIns,
      authorizer,
      recorder,
      denials,
      unsimulated,
      written,
    });
  } catch (error) {
    for (const standIn of standIns ? all(standIns) : []) standIn.stop();
    await functions.stop();
    await network.stop();
    throw error;
  }
}

/**
 * The functions' own URLs. Functions outside a VPC come from the internet, whatever they call
 * (https://docs.cloud.google.com/run/docs/securing/ingress); everybody else here stands for a client inside the network.
 */
function doors(functions: FunctionHost, tokens: TokenAuthority, resources: readonly StackResource[]): Service {
  const [internal, external] = [functions.rest("internal"), functions.rest("external")];
  const identities = new Set(
    resources
      .filter(({ type }) => type === "google_cloudfunctions2_function")
      .map(({ attributes }) => attributes.service_config?.service_account_email),
  );
  return {
    ...internal,
    handle: (request) => {
      const caller = tokens.verify(request.headers.authorization)?.email;
      return (identities.has(caller) ? external : internal).handle(request);
    },
  };
}

/** Tells what a stand-in refuses because it does not do it. */
function watched({ rest, grpc }: StandIn, tell: (what: string) => void): Pick<StandIn, "rest" | "grpc"> {
  const notice = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiError && error.http === 501) tell(error.message);
      throw error;
    }
  };
  return {
    rest: rest.map((service) => ({
      hosts: service.hosts,
      handle: (request) => notice(() => service.handle(request)),
    })),
    grpc: grpc.map((service) => ({
      ...service,
      methods: Object.fromEntries(
        Object.entries(service.methods).map(([name, method]) => [
          name,
          (request, caller) => notice(() => method(request, caller)),
        ]),
      ),
    })),
  };
}

/** Host -> name of each function. */
function namesOf(resources: readonly StackResource[]): Map<string, string> {
  return new Map(
    resources
      .filter(({ type }) => type === "google_cloudfunctions2_function")
      .map(({ attributes }) => [new URL(attributes.service_config.uri).host, attributes.name]),
  );
}
