import { startProcess } from "../core/process";
import type { Program } from "../run/instance";
import { type CompiledSourceOptions, compiledSource } from "./compiled-source";
import { FRAMEWORK_MAIN } from "./source";

export interface NodeFunctionOptions extends CompiledSourceOptions {
  readonly entryPoint: string;
  /** Gets a host that its code called and that it must not reach. */
  readonly onRefused: (host: string) => void;
}

/** A message of the preload over the process's channel. */
interface ChannelMessage {
  readonly listening?: number;
  readonly refused?: string;
  readonly calling?: number;
}

/** A process of functions-framework for Node.js with a function in it. */
export function nodeFunction({ entryPoint, onRefused, ...options }: NodeFunctionOptions): Program {
  let source: ReturnType<typeof compiledSource> | undefined;
  return async (onCalling, log) => {
    source ??= compiledSource(options);
    const { folder, environment } = await source;
    let listens: (port: number) => void;
    const listening = new Promise<number>((resolve) => {
      listens = resolve;
    });
    const process = startProcess({
      command: globalThis.process.execPath,
      args: [FRAMEWORK_MAIN, `--source=${folder}`, `--target=${entryPoint}`],
      cwd: options.folder,
      env: { ...environment, LOCAL_INSTANCE: String(globalThis.process.pid) },
      log,
      onMessage: ({ listening: port, refused, calling }: ChannelMessage) => {
        if (refused !== undefined) onRefused(refused);
        if (calling !== undefined) onCalling(calling);
        if (port !== undefined) listens(port);
      },
    });
    return { process, listening };
  };
}
