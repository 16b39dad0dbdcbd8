const FRAMEWORK = "@google-cloud/functions-framework";

interface LockedPackage {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** Whether only development needs it, which the functions' lock does not care for. */
  readonly dev?: boolean;
  /** Address of the registry that it came from: another machine has another. */
  readonly resolved?: string;
  readonly funding?: unknown;
}

interface Lock {
  readonly lockfileVersion: number;
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

/**
 * The lock of functions-framework and all that it needs, which goes into every function's zip: functions run with what the
 * tests run with.
 *
 * @param lock a project's package-lock.json
 * @throws Error for a package that the lock names as needed and does not have
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

/** As Node finds a package: in the folder's own node_modules, else in those above. */
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
