import type { Invoker } from "@cdktf-serverless-ml/emulator";

/**
 * Delivers to functions a second time what succeeded, as every queue and subscription may. The second answer is heard by nobody.
 *
 * @param isFunction whether a URL is a function's
 */
export function repeating(inner: Invoker, isFunction: (url: string) => boolean): Invoker {
  return {
    invoke: async (invocation) => {
      const result = await inner.invoke(invocation);
      const succeeded = result.status >= 200 && result.status < 300;
      if (succeeded && isFunction(invocation.url)) await inner.invoke(invocation);
      return result;
    },
  };
}
