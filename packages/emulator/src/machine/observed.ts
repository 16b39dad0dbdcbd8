import { ApiError } from "../core/api-error";
import type { RestService } from "../core/emulator";
import type { Served } from "../core/service";

/** Reports the calls that an emulator refuses as not simulated. */
export function observed(
  { rest, grpc }: Served,
  between: (service: RestService) => RestService = (service) => service,
  report: (what: string) => void,
): Served {
  const notice = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApiError && error.http === 501) report(error.message);
      throw error;
    }
  };
  return {
    rest: rest.map(between).map((service) => ({
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
      streams: Object.fromEntries(
        Object.entries(service.streams ?? {}).map(([name, serve]) => [
          name,
          (stream, caller) => notice(() => serve(stream, caller)),
        ]),
      ),
    })),
  };
}
