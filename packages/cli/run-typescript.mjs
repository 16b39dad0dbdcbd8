// esbuild joins our own sources, those of the workspaces in packages/ among them, in about 10 ms,
// and leaves all other packages alone. That starts in a fifth of ts-node's time. `npm run check`
// checks types, this does not. For stack traces in TypeScript lines:
// NODE_OPTIONS=--enable-source-maps (not the default: cdktf takes a stack trace for each token, and
// mapping them all costs a fifth of a second).
import { readFileSync } from "node:fs";
import Module from "node:module";
import { dirname } from "node:path";
import { build, stop } from "esbuild";

/** The library itself, and the workspaces. */
const OWN = /^(cdktf-serverless-ml(\/|$)|@cdktf-serverless-ml\/)/;

/** Packages stay packages, but for our own. */
const packages = {
  name: "packages",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" || OWN.test(path) ? undefined : { path, external: true },
    ),
};

/** A file that looks for others beside itself finds them, though all files become one. */
const ownFolders = {
  name: "own folders",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("__dirname")) return undefined;
      return { contents: `const __dirname = ${JSON.stringify(dirname(path))};${text}`, loader: "ts" };
    }),
};

/**
 * Runs a TypeScript file of this project.
 *
 * @param entry absolute
 * @param args what the file finds in process.argv
 */
export async function runTypeScript(entry, args) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap:
      process.execArgv
        .concat(process.env.NODE_OPTIONS ?? "")
        .join(" ")
        .includes("--enable-source-maps") && "inline",
    write: false,
    logLevel: "error",
    plugins: [packages, ownFolders],
  });
  await stop();
  process.argv = [process.argv[0], entry, ...args];
  const app = new Module(entry);
  app.filename = entry;
  app.paths = Module._nodeModulePaths(dirname(entry));
  app._compile(outputFiles[0].text, entry);
}
