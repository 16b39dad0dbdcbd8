import type { ObjectName } from "../storage";

/*
 * A run lives in one folder of the run bucket:
 *   runs/<run>/run.json                       the steps and parameters it started with
 *   runs/<run>/<step>/…                       what a step wrote
 *   runs/<run>/<step>/<index>/…               what one element of a step with `forEach` wrote
 *   runs/<run>/steps/<step>.json              the marker: this step is done; its outputs
 *   runs/<run>/steps/<step>.failed.<n>.json   its task was dead-lettered after n resumes
 *   runs/<run>/steps/<step>.resumed.<n>.json  it was resumed for the nth time
 * and of a step with `forEach`, in blocks of 100 elements:
 *   runs/<run>/steps/<step>/elements/<block>.json           the block's elements
 *   runs/<run>/steps/<step>/<block>/<index>.json            the marker of an element
 *   runs/<run>/steps/<step>/<block>/<index>.failed.<n>.json, .resumed.<n>.json
 *   runs/<run>/steps/<step>/blocks/<block>.<ends>.json      the block's outputs, once all ended
 */

/** Elements whose markers are in one folder, so that one page of a listing has them all. */
export const BLOCK = 100;

/** A step of a run, or one element of a step with `forEach`. */
export interface Item {
  run: string;
  step: string;
  index?: number;
}

export const blockOf = (index: number) => Math.floor(index / BLOCK);
/** Digits keep names in the order of the numbers. */
const digits = (number: number, count: number) => String(number).padStart(count, "0");
const blockDigits = (block: number) => digits(block, 3);
const indexDigits = (index: number) => digits(index, 5);

export const runFolder = (run: string) => `runs/${run}`;

/** Folder of what a step or an element writes. */
export const workFolder = ({ run, step, index }: Item) =>
  `${runFolder(run)}/${step}${index === undefined ? "" : `/${indexDigits(index)}`}`;

/** Folder of the markers of all steps, and the folder below it of one step's elements. */
export const markersFolder = (run: string) => `${runFolder(run)}/steps/`;
export const elementsFolder = ({ run, step }: Item) => `${markersFolder(run)}${step}/`;
export const blockFolder = (item: Item, block: number) => `${elementsFolder(item)}${blockDigits(block)}/`;
export const blocksFolder = (item: Item) => `${elementsFolder(item)}blocks/`;

const itemName = (item: Item) =>
  item.index === undefined
    ? `${markersFolder(item.run)}${item.step}`
    : `${blockFolder(item, blockOf(item.index))}${indexDigits(item.index)}`;

interface HasRunBucket {
  environment: { RUN_BUCKET: string };
}

const inRunBucket =
  <A extends unknown[]>(name: (...args: A) => string) =>
  ({ environment }: HasRunBucket, ...args: A): ObjectName => ({ bucket: environment.RUN_BUCKET, name: name(...args) });

export const runFile = inRunBucket((run: string) => `${runFolder(run)}/run.json`);
export const markerFile = inRunBucket((item: Item) => `${itemName(item)}.json`);
export const failureFile = inRunBucket((item: Item, resume: number) => `${itemName(item)}.failed.${resume}.json`);
export const resumeFile = inRunBucket((item: Item, resume: number) => `${itemName(item)}.resumed.${resume}.json`);
export const elementsFile = inRunBucket(
  (item: Item, block: number) => `${elementsFolder(item)}elements/${blockDigits(block)}.json`,
);
export const blockFile = inRunBucket(
  (item: Item, block: number, ends: number) => `${blocksFolder(item)}${blockDigits(block)}.${ends}.json`,
);
