import type { Memory } from "../core/memory";
import { isKnown, type Rule } from "../core/validation";
import { type Gpu, gpuRules } from "./gpu";

/**
 * Sizes: [vCPUs; from this memory in MiB; up to this]. Sources:
 * https://cloud.google.com/run/docs/configuring/services/cpu, and 512 MiB at least in the second
 * generation execution environment
 * (https://cloud.google.com/run/docs/about-execution-environments). Less than one vCPU is for the
 * first generation alone, which has neither GPUs nor volumes.
 */
const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 512, 4096],
  [2, 512, 8192],
  [4, 2048, 16384],
  [6, 4096, 24576],
  [8, 4096, 32768],
];

/** Rules of Cloud Run for the size of a container. */
export function sizeRules(size: { cpu: number; memory: Memory; gpu?: Gpu; region: string }): Rule[] {
  const { cpu, memory, gpu } = size;
  if (gpu) return gpuRules(gpu, size);
  const row = SIZES.find(([cpus]) => cpus === cpu);
  const [, min = 512, max = 32768] = row ?? [];
  const mebibytes = memory.toMebibytes();
  return [
    {
      code: "OutOfRange",
      broken: isKnown(cpu) && !row,
      message: `cpu is ${cpu}; allowed is one of ${SIZES.map(([cpus]) => cpus).join(", ")}`,
    },
    {
      code: "CpuMemoryMismatch",
      broken: isKnown(cpu) && (mebibytes < min || mebibytes > max),
      message: `memory is ${memory} with ${cpu} vCPU; allowed is ${min}Mi to ${max}Mi`,
    },
  ];
}

/** A component of an image's path, its tag and its digest: github.com/distribution/reference. */
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REFERENCE = "(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?";
const ARTIFACT_REGISTRY = `(?:[a-z0-9-]+-)?docker\\.pkg\\.dev/${COMPONENT}(?:/${COMPONENT}){2,}`;
const OTHER_REGISTRY = `(?:(?:[a-z0-9-]+\\.)?gcr\\.io|docker\\.io|ghcr\\.io)/${COMPONENT}(?:/${COMPONENT})*`;
const IMAGE = new RegExp(`^(?:${ARTIFACT_REGISTRY}|${OTHER_REGISTRY})${REFERENCE}$`);

/**
 * Rule: an image has a registry that Cloud Run pulls from
 * (https://cloud.google.com/run/docs/deploying#images). The API takes some short forms, such as
 * `nginx`, for images of Docker Hub, and refuses others; here the registry is written out.
 */
export function imageRule(image: string): Rule {
  return {
    code: "InvalidImage",
    broken: isKnown(image) && !IMAGE.test(image),
    message: `image is "${image}"; allowed is <registry>/<path>[:<tag>][@sha256:<digest>], in lower case, such as us-docker.pkg.dev/acme-ml/workers/ocr:1. The registry is Artifact Registry ([<location>-]docker.pkg.dev/<project>/<repository>/<image>), gcr.io, docker.io or ghcr.io; images of others come through a remote repository of Artifact Registry`,
  };
}

/** Rule: a volume can be mounted at a path. */
export function mountRules(path: string, taken: readonly string[]): Rule[] {
  return [
    {
      code: "InvalidValue",
      broken: isKnown(path) && !/^(\/[A-Za-z0-9._-]+)+$/.test(path),
      message: `a bucket is mounted at "${path}"; allowed is an absolute path such as /models, of A-Z, a-z, 0-9, ., _, - and /, without / at its end`,
    },
    {
      // https://cloud.google.com/run/docs/configuring/services/cloud-storage-volume-mounts
      code: "InvalidValue",
      broken:
        isKnown(path) && (/^\/(dev|proc|sys)(\/|$)/.test(path) || path.split("/").some((part) => /^\.+$/.test(part))),
      message: `a bucket is mounted at "${path}"; Cloud Run mounts nothing at or below /dev, /proc and /sys, nor at . and ..`,
    },
    {
      code: "DuplicateId",
      broken: taken.includes(path),
      message: `two buckets are mounted at "${path}"; mount one of them elsewhere`,
    },
  ];
}
