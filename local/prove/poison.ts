import type { RestService } from "../core/stand-in";
import type { FlowType } from "../run/flows";

/**
 * Makes work on generated poison fail each time, so that it ends as a dead letter. What would kill its process only fails, too:
 * to permissions that makes no difference, and it is faster.
 *
 * @param own whether an e-mail is one of the stack's functions and workflows, whose work it is
 */
export function poisoning(inner: RestService, type: FlowType, own: (email: string) => boolean): RestService {
  return {
    ...inner,
    handle: async (request) => {
      const { email } = request.caller;
      if (email === undefined || !own(email) || type.poison({ ...request, caller: email }) === undefined) {
        return inner.handle(request);
      }
      // Of no kind that may pass, so that functions do not ask again by themselves.
      return { status: 500, body: { error: { code: 500, message: "Poison", status: "INTERNAL" } } };
    },
  };
}
