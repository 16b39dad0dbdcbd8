import type { Clock } from "../core/clock";
import { type StoredObject, storedObject, type WritableMetadata } from "./stored-object";

export type EventType = "OBJECT_FINALIZE" | "OBJECT_METADATA_UPDATE" | "OBJECT_DELETE" | "OBJECT_ARCHIVE";

/** A change of an object, as notifications report it. */
export interface Change {
  readonly type: EventType;
  readonly object: StoredObject;
  /** Of a new object: the generation that was live before it. */
  readonly overwrote?: number;
  /** Of an old object: the generation that is live now. */
  readonly overwrittenBy?: number;
}

export interface BucketSettings {
  readonly name: string;
  readonly storageClass: string;
  readonly location: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Keeps what is overwritten or deleted. */
  readonly versioning: boolean;
  /** Days after which a lifecycle rule deletes objects. */
  readonly deleteAfter?: number;
  /** Everybody may read and list. */
  readonly public?: boolean;
}

/** What a bucket holds. */
export interface BucketState {
  readonly name: string;
  readonly objects: number;
  readonly bytes: number;
}

const DAY = 86_400_000;

/** What a PATCH changes; null takes away. */
export type MetadataPatch = {
  readonly [K in keyof Omit<WritableMetadata, "metadata">]: WritableMetadata[K] | null;
} & { readonly metadata?: Readonly<Record<string, string | null>> | null };

function mergePatch(before: object, change: object): object {
  return Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== null));
}

/** The objects of one bucket; knows nothing of permissions. */
export class Bucket {
  private readonly live = new Map<string, StoredObject>();
  private noncurrent: StoredObject[] = [];
  private lastGeneration = 0;
  readonly created: number;

  constructor(
    readonly settings: BucketSettings,
    private readonly clock: Clock,
    private readonly changed: (change: Change) => void,
  ) {
    this.created = clock.now();
  }

  /** Live objects, and their bytes. */
  state(): BucketState {
    this.applyLifecycle();
    let bytes = 0;
    for (const { content } of this.live.values()) bytes += content.length;
    return { name: this.settings.name, objects: this.live.size, bytes };
  }

  /** The live object, or one generation of it. */
  find(name: string, generation?: number): StoredObject | undefined {
    this.applyLifecycle();
    const live = this.live.get(name);
    if (generation === undefined || live?.generation === generation) return live;
    return this.noncurrent.find((object) => object.name === name && object.generation === generation);
  }

  /**
   * In the order of their names' UTF-8 bytes, as lists give them; older generations of a name
   * first.
   */
  all(prefix: string, versions: boolean): StoredObject[] {
    this.applyLifecycle();
    return [...(versions ? this.noncurrent : []), ...this.live.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)) || a.generation - b.generation);
  }

  /** @param generation where something else has named it already, as Terraform's references have */
  write(name: string, content: Buffer, metadata: WritableMetadata, generation = this.nextGeneration()): StoredObject {
    this.applyLifecycle();
    const { name: bucket, storageClass } = this.settings;
    const now = this.clock.now();
    const object = storedObject({ bucket, name, content, metadata, generation, storageClass, now });
    const before = this.live.get(name);
    this.live.set(name, object);
    this.changed({ type: "OBJECT_FINALIZE", object, overwrote: before?.generation });
    if (before) this.retire(before, generation);
    return object;
  }

  patch(object: StoredObject, change: MetadataPatch): StoredObject {
    const custom = change.metadata && mergePatch(object.metadata.metadata ?? {}, change.metadata);
    const patched: StoredObject = {
      ...object,
      metadata: mergePatch(object.metadata, { ...change, ...(custom && { metadata: custom }) }),
      metageneration: object.metageneration + 1,
      updated: this.clock.now(),
    };
    if (this.live.get(object.name) === object) this.live.set(object.name, patched);
    else this.noncurrent = this.noncurrent.map((other) => (other === object ? patched : other));
    this.changed({ type: "OBJECT_METADATA_UPDATE", object: patched });
    return patched;
  }

  /** @param forGood deletes even where versioning would keep it, as naming a generation does */
  delete(object: StoredObject, forGood: boolean): void {
    if (this.live.get(object.name) !== object) {
      this.noncurrent = this.noncurrent.filter((other) => other !== object);
      this.changed({ type: "OBJECT_DELETE", object });
      return;
    }
    this.live.delete(object.name);
    if (forGood) this.changed({ type: "OBJECT_DELETE", object });
    else this.retire(object);
  }

  private retire(object: StoredObject, overwrittenBy?: number): void {
    if (this.settings.versioning) this.noncurrent.push({ ...object, archived: this.clock.now() });
    this.changed({ type: this.settings.versioning ? "OBJECT_ARCHIVE" : "OBJECT_DELETE", object, overwrittenBy });
  }

  private nextGeneration(): number {
    this.lastGeneration = Math.max(this.lastGeneration + 1, this.clock.now() * 1000);
    return this.lastGeneration;
  }

  /**
   * Deletes what is due before each read or write. The service also deletes some time after it is
   * due.
   */
  private applyLifecycle(): void {
    const { deleteAfter } = this.settings;
    if (deleteAfter === undefined) return;
    const limit = this.clock.now() - deleteAfter * DAY;
    for (const object of this.live.values()) if (object.created <= limit) this.delete(object, false);
    const due = this.noncurrent.filter((object) => object.created <= limit);
    for (const object of due) this.delete(object, true);
  }
}
