import * as v from "valibot";
import { check } from "../shared/json";
import { createJsonOnce, gsUri, type ObjectName, type ObjectStore, readJson } from "../shared/storage";

/*
 * What a step knows of its jobs, in the folder `job` of its own folder. A try is one job. A step
 * has one, and one more for each time that it is resumed after its job failed.
 *   start.<try>.<lease>.json    one delivery alone may start the job, until the lease is over
 *   refused.<try>.<lease>.json  it did not start it, and its lease is over
 *   started.<try>.json          the job's name
 *   failed.<try>.json           the job ended without success, or was cancelled
 */

const leaseSchema = v.object({ taken: v.number(), until: v.number() });
const startedSchema = v.object({ job: v.string(), since: v.number() });
const failureSchema = v.object({ code: v.string(), message: v.string() });

/** Times are milliseconds since 1970. */
export type Lease = v.InferOutput<typeof leaseSchema>;
export type Started = v.InferOutput<typeof startedSchema>;
export type Failure = v.InferOutput<typeof failureSchema>;

/** The records of a step or an element. Each is written once; the first one stays. */
export class Records {
  /** @param folder without a slash at its end */
  static async load(storage: ObjectStore, folder: ObjectName): Promise<Records> {
    const prefix = `${folder.name}/`;
    // One page holds 1000 names, far more than a step can have.
    const { objects } = await storage.list({ bucket: folder.bucket, prefix });
    return new Records(storage, folder, new Set(objects.map(({ name }) => name.slice(prefix.length))));
  }

  private constructor(
    private readonly storage: ObjectStore,
    private readonly folder: ObjectName,
    /** Names of the records that were there when this delivery began. */
    private readonly names: ReadonlySet<string>,
  ) {}

  /** The newest try up to the given number, or undefined without one. */
  newestTry(upTo: number): number | undefined {
    const numbers = [...this.names].map((name) => Number(/^start\.(\d+)\.1\.json$/.exec(name)?.[1]));
    const found = numbers.filter((number) => number <= upTo);
    return found.length > 0 ? Math.max(...found) : undefined;
  }

  hasFailed(number: number): boolean {
    return this.names.has(`failed.${number}.json`);
  }

  hasLease(number: number, lease: number): boolean {
    return this.names.has(`start.${number}.${lease}.json`);
  }

  /** Whether a lease ended without a job. */
  isRefused(number: number, lease: number): boolean {
    return this.names.has(`refused.${number}.${lease}.json`);
  }

  lease(number: number, lease: number): Promise<Lease | undefined> {
    return this.read(`start.${number}.${lease}.json`, leaseSchema);
  }

  /** @returns false when another delivery has it */
  take(number: number, lease: number, times: Lease): Promise<boolean> {
    return this.write(`start.${number}.${lease}.json`, times);
  }

  async refuse(number: number, lease: number, error: Error): Promise<void> {
    await this.write(`refused.${number}.${lease}.json`, { message: error.message });
  }

  async started(number: number): Promise<Started | undefined> {
    const name = `started.${number}.json`;
    return this.names.has(name) ? this.read(name, startedSchema) : undefined;
  }

  async start(number: number, started: Started): Promise<void> {
    await this.write(`started.${number}.json`, started);
  }

  /** @returns the failure that stays */
  async fail(number: number, failure: Failure): Promise<Failure> {
    const name = `failed.${number}.json`;
    if (await this.write(name, failure)) return failure;
    return (await this.read(name, failureSchema)) ?? failure;
  }

  private async read<S extends v.GenericSchema>(name: string, schema: S): Promise<v.InferOutput<S> | undefined> {
    const object = this.object(name);
    const value = await readJson(this.storage, object);
    return value === undefined ? undefined : check(schema, value, gsUri(object));
  }

  private write(name: string, value: object): Promise<boolean> {
    return createJsonOnce(this.storage, this.object(name), value);
  }

  private object(name: string): ObjectName {
    return { bucket: this.folder.bucket, name: `${this.folder.name}/${name}` };
  }
}
