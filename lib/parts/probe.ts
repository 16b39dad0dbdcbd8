import { Duration } from "../core/duration";
import { literal } from "../core/terraform-text";
import { inRange, matches, type Rule } from "../core/validation";

/** How often Cloud Run asks a container whether it is well. */
export interface ProbeOptions {
  /**
   * Port that is asked: 1 to 65535.
   * @default - the port of the container
   */
  readonly port?: number;
  /**
   * Time from the start of the container to the first probe: 0 to 240 seconds for a startup probe,
   * to 3600 for a liveness probe.
   * @default Duration.zero
   */
  readonly initialDelay?: Duration;
  /**
   * Time from one probe to the next: 1 to 240 seconds for a startup probe, to 3600 for a liveness
   * probe.
   * @default Duration.seconds(10)
   */
  readonly period?: Duration;
  /**
   * Time for an answer: 1 second to `period`.
   * @default Duration.seconds(1)
   */
  readonly timeout?: Duration;
  /**
   * Probes that fail in a row before the container is stopped: from 1.
   * @default 3
   */
  readonly failureThreshold?: number;
}

/** Asks by HTTP. An answer of 2xx or 3xx is good. */
export interface HttpProbe extends ProbeOptions {
  /** Path that is requested, beginning with `/`. */
  readonly http: string;
}

/** Asks by gRPC, `grpc.health.v1.Health/Check`. */
export interface GrpcProbe extends ProbeOptions {
  /** Name of the service that is asked after; empty for the whole server. */
  readonly grpc: string;
}

/** Opens a TCP connection. */
export interface TcpProbe extends ProbeOptions {
  /** Tells this probe from the others. */
  readonly tcp: true;
}

/** Source: the descriptions of `startup_probe` and `liveness_probe` in the provider. */
const LONGEST = { startupProbe: 240, livenessProbe: 3600 } as const;

const DEFAULT_PERIOD = Duration.seconds(10);
const DEFAULT_TIMEOUT = Duration.seconds(1);

/** Rules of Cloud Run for a probe. */
export function probeRules(
  name: "startupProbe" | "livenessProbe",
  probe: HttpProbe | GrpcProbe | TcpProbe | undefined,
): Rule[] {
  if (!probe) return [];
  const { initialDelay = Duration.zero, period = DEFAULT_PERIOD, timeout = DEFAULT_TIMEOUT } = probe;
  const max: number = LONGEST[name];
  const seconds = (what: string, value: Duration, min: number, longest = max) =>
    inRange(`${name}.${what}`, value.toSeconds(), { min, max: longest, unit: "seconds", integer: true });
  return [
    inRange(`${name}.port`, probe.port, { min: 1, max: 65535, integer: true }),
    seconds("initialDelay", initialDelay, 0),
    seconds("period", period, 1),
    seconds("timeout", timeout, 1, period.toSeconds()),
    inRange(`${name}.failureThreshold`, probe.failureThreshold, { min: 1, max: 2147483647, integer: true }),
    matches(`${name}.http`, "http" in probe ? probe.http : undefined, /^\/\S*$/, "a path that begins with /"),
  ];
}

/** The block of a probe. */
export function probeBlock(probe: HttpProbe | GrpcProbe | TcpProbe, containerPort: number) {
  const port = probe.port ?? containerPort;
  return {
    initialDelaySeconds: probe.initialDelay?.toSeconds(),
    periodSeconds: probe.period?.toSeconds(),
    timeoutSeconds: probe.timeout?.toSeconds(),
    failureThreshold: probe.failureThreshold,
    httpGet: "http" in probe ? { path: literal(probe.http), port } : undefined,
    grpc: "grpc" in probe ? { service: literal(probe.grpc) || undefined, port } : undefined,
    tcpSocket: "tcp" in probe ? { port } : undefined,
  };
}
