import type { Value } from "../values";
import { connectors } from "./connectors";
import { data } from "./data";
import { Args, type FunctionSignature, type Library, type StandardContext } from "./function";
import { http } from "./http";
import { sys } from "./sys";
import { text } from "./text";

export type { FunctionSignature, HttpRequest, HttpResponse, StandardContext } from "./function";
export { retryPolicy, STANDARD_PREDICATES, STANDARD_RETRIES } from "./retry";

const LIBRARY: Library = { ...data, ...text, ...sys, ...http, ...connectors };

/** Functions that only a call step may call. */
export const BLOCKING: ReadonlySet<string> = new Set(Object.keys(LIBRARY).filter((name) => LIBRARY[name]?.blocking));

export function signatureOf(name: string): FunctionSignature | undefined {
  return Object.hasOwn(LIBRARY, name) ? LIBRARY[name]?.signature : undefined;
}

/** @throws RaisedError, Cancelled */
export function callStandard(
  name: string,
  args: ReadonlyMap<string, Value>,
  context: StandardContext,
  signal: AbortSignal,
): Value | Promise<Value> {
  const called = Object.hasOwn(LIBRARY, name) ? LIBRARY[name] : undefined;
  if (!called) throw new Error(`No function ${name}: the definition was not checked`);
  return called.run(new Args(name, args, signal), context);
}
