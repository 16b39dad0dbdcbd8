// Runs a TypeScript file: `node scripts/ts.mjs <file.ts> [arguments]`.
// esbuild joins our own sources in about 10 ms and leaves packages alone, which starts in a fifth of ts-node's time.
// Types are checked by `npm run check`, not here. For stack traces in TypeScript lines: NODE_OPTIONS=--enable-source-maps
// (not the default: cdktf takes a stack trace for each token, and mapping them all costs a fifth of a second).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [file, ...rest] = process.argv.slice(2);
if (!file) {
  console.error("usage: node scripts/ts.mjs <file.ts> [arguments]");
  process.exit(2);
}
const entry = resolve(root, file);
const require = createRequire(entry);
const { build, stop } = require("esbuild");
const Module = require("node:module");

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

const { outputFiles } = await build({
  entryPoints: [entry],
  absWorkingDir: root,
  bundle: true,
  packages: "external",
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
  plugins: [ownFolders],
});
await stop();
process.argv = [process.argv[0], entry, ...rest];
const app = new Module(entry);
app.filename = entry;
app.paths = Module._nodeModulePaths(dirname(entry));
app._compile(outputFiles[0].text, entry);
