import type { GrpcService, RestService } from "../core/emulator";
import type { Served } from "../core/service";

/**
 * A service may read the `Authorization` header itself, as Cloud Run does: its requests come
 * without a caller.
 */
export interface Service extends RestService {
  readonly authenticates?: true;
}

/**
 * The services by their hosts. A service's host may begin with `*`, which matches anything:
 * `*-aiplatform.googleapis.com`.
 */
export class Services {
  private restServices: Service[] = [];
  private grpcServices: GrpcService[] = [];

  add(...emulators: (Pick<Served, "grpc"> & { readonly rest: readonly Service[] })[]): void {
    for (const { rest, grpc } of emulators) {
      this.restServices.push(...rest);
      this.grpcServices.push(...grpc);
    }
  }

  /** Removes all services. */
  clear(): void {
    this.restServices = [];
    this.grpcServices = [];
  }

  rest(host: string): Service | undefined {
    return this.restServices.find(({ hosts }) => answersFor(hosts, host));
  }

  /** @param name full name, such as `google.cloud.tasks.v2.CloudTasks` */
  grpc(host: string, name: string): GrpcService | undefined {
    return this.grpcServices.find((service) => service.name === name && answersFor(service.hosts, host));
  }

  knows(host: string): boolean {
    return [...this.restServices, ...this.grpcServices].some(({ hosts }) => answersFor(hosts, host));
  }
}

/** Whether a host is one of a service's. */
export function answersFor(hosts: readonly string[], host: string): boolean {
  return hosts.some((known) => (known.startsWith("*") ? host.endsWith(known.slice(1)) : host === known));
}
