import type { RestRequest } from "@cdktf-serverless-ml/emulator";
import type { StackIndex } from "@cdktf-serverless-ml/terraform-json";
import type { CrashGuard } from "./crash-guard";

/**
 * Kills instances of a function. @param port of a call of its: only the instance that calls. Default: all
 * @returns how many there were
 */
export type Kill = (functionName: string, port?: number) => number;

/** Kills processes of functions, but those that are to be crashGuard. */
export class Crasher {
  constructor(
    private readonly index: StackIndex,
    private readonly crashGuard: CrashGuard,
    private readonly kill: Kill,
  ) {}

  /** Whether nothing may befall the functions that call as a service account. */
  isGuarded(email: string | undefined): boolean {
    return this.index.functionsOf(email).some(({ name }) => this.crashGuard.has(name));
  }

  /** Kills the instance that makes a call. @returns false where its function is crashGuard, or no function makes it */
  crash({ caller: { email }, port }: Pick<RestRequest, "caller" | "port">): boolean {
    const names = this.index.functionsOf(email).map(({ name }) => name);
    if (names.length === 0 || this.isGuarded(email)) return false;
    const killed = names.reduce((sum, name) => sum + this.kill(name, port), 0);
    // Which instance it is may be heard of after its call.
    if (killed === 0) for (const name of names) this.kill(name);
    return true;
  }
}
