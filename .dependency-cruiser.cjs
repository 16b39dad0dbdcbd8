const { readdirSync, readFileSync } = require("node:fs");

const CDKTF = "node_modules/(@cdktf|cdktf|constructs)/";
/** The project's own code, apart from its packages. */
const PRODUCT = "^(bench|functions|lib|scripts|main[.]ts)";
/** What a package runs; its tests may look into other packages. */
const SOURCES = "^packages/([^/]+)/src/";

const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

/** A layer of lib may use what lies below it. */
const layer = (name, allowed) =>
  rule(
    `lib-${name}`,
    "stacks -> patterns -> parts -> core: never back up, never sideways between patterns.",
    { path: `^lib/${name}/` },
    { path: [PRODUCT, "^packages/"], pathNot: [...allowed, "^functions/[^/]+/environment[.]ts$"] },
  );

/** Packages of this repository that a package does not declare. */
const undeclared = (name) => {
  const { dependencies = {} } = JSON.parse(readFileSync(`packages/${name}/package.json`, "utf8"));
  const declared = Object.keys(dependencies).flatMap((each) => each.split("@cdktf-serverless-ml/")[1] ?? []);
  return rule(
    `packages-${name}`,
    "A package uses its own files and the packages that its package.json declares.",
    { path: `^packages/${name}/src/` },
    { path: "^packages/", pathNot: [name, ...declared].map((each) => `^packages/${each}/`) },
  );
};

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    rule(
      "no-circles",
      "Files that import each other, type-only imports included, cannot be read or changed one by one.",
      {},
      { circular: true },
    ),
    layer("core", ["^lib/core/"]),
    layer("parts", ["^lib/(core|parts)/"]),
    layer("patterns", [
      "^lib/(core|parts)/",
      "^lib/patterns/(worker|preprocessing-job|fanout-subscribers|pipeline-(graph|jobs|placeholders|step))[.]ts$",
    ]),
    layer("stacks", ["^lib/(core|parts|patterns)/", "^lib/settings[.]ts$", "^lib/stacks/outputs[.]ts$"]),
    rule(
      "lib-functions",
      "lib knows of functions only the types of their environment.",
      { path: "^lib/" },
      { path: "^functions/", pathNot: "^functions/[^/]+/environment[.]ts$" },
    ),
    rule(
      "lib-functions-types",
      "lib knows of functions only the types of their environment.",
      { path: "^lib/" },
      { path: "^functions/", dependencyTypesNot: ["type-only"] },
    ),
    rule(
      "functions-alone",
      "Functions run in Cloud Functions: they use neither the rest of the project nor cdktf.",
      { path: "^functions/" },
      { path: [PRODUCT, "^packages/", CDKTF], pathNot: "^functions/" },
    ),
    rule(
      "no-provider-barrel",
      "The barrel of a provider package costs more than a second: import `lib/<resource>`.",
      {},
      { path: "node_modules/@cdktf/provider-[a-z]+/lib/index[.]" },
    ),
    rule(
      "packages-product",
      "Terraform JSON is the interface: packages also serve stacks that do not use lib.",
      { path: SOURCES },
      { path: [PRODUCT, CDKTF] },
    ),
    rule(
      "packages-by-name",
      "A package uses another one by its name, and so only what it exports.",
      { path: SOURCES },
      { path: "^packages/", pathNot: "^packages/$1/", dependencyTypes: ["local"] },
    ),
    ...readdirSync("packages").map(undeclared),
    rule(
      "packages-npm",
      "A package declares what it uses of npm.",
      { path: SOURCES },
      { pathNot: "^packages/", dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "undetermined", "unknown"] },
    ),
    rule("nothing-missing", "Every import leads somewhere.", {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default", "types"],
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json", ".d.ts"],
    },
  },
};
