const FRAMEWORK = "@google-cloud/functions-framework";

interface LockedPackage {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** Whether only development needs it. The functions' lock omits such packages. */
  readonly dev?: boolean;
  /** Address of the registry that it came from. It differs between machines. */
  readonly resolved?: string;
  readonly funding?: unknown;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * The lock of functions-framework and its dependencies, which every function's zip contains. So
 * functions run with the versions that the tests use.
 *
 * @param lock a project's package-lock.json
 * @throws Error for a required package that the lock does not contain
 */
export function frameworkLock({ lockfileVersion, packages }: Lock): Lock {
  const found = new Set([`node_modules/${FRAMEWORK}`]);
  for (const folder of found) {
    const { dependencies, optionalDependencies } = at(packages, folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const needed = resolve(packages, folder, name);
      if (needed) found.add(needed);
      else if (!optionalDependencies?.[name]) throw new Error(`package-lock.json has no ${name} for ${folder}`);
    }
  }
  const folders = [...found].sort();
  return {
    lockfileVersion,
    packages: Object.fromEntries(folders.map((folder) => [folder, plain(at(packages, folder))])),
  };
}

function at(packages: Lock["packages"], folder: string): LockedPackage {
  const found = packages[folder];
  if (!found) throw new Error(`package-lock.json has no ${folder}`);
  return found;
}

/**
 * Node's resolution of a package: the folder's own node_modules first, then those of its parents.
 */
function resolve(packages: Lock["packages"], from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf("/node_modules/"), 0))) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[candidate]) return candidate;
    if (folder === "") return undefined;
  }
}

function plain({ dev, resolved, funding, ...rest }: LockedPackage): LockedPackage {
  return rest;
}
