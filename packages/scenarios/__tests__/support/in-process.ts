import { localCommand } from "../../src/command";

/** What a command ends with. */
export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `npm run local` in this process, which saves the start of another one.
 *
 * @param env environment variables that it has meanwhile; undefined takes one away
 * @param cwd the folder that it runs in
 */
export async function inProcess(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  cwd = process.cwd(),
): Promise<Ended> {
  const text = { log: "", error: "" };
  const spies = (["log", "error"] as const).map((name) =>
    jest.spyOn(console, name).mockImplementation((...[line]: unknown[]) => {
      text[name] += `${line}\n`;
    }),
  );
  const home = process.cwd();
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
  setAll(env);
  process.chdir(cwd);
  try {
    const status = await localCommand(args);
    return { status, stdout: text.log, stderr: text.error };
  } finally {
    process.chdir(home);
    setAll(before);
    for (const spy of spies) spy.mockRestore();
  }
}

function setAll(env: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}
