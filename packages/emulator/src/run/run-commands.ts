import { block, type Stack } from "@cdktf-serverless-ml/terraform-json";

/** What runs a container: a resource by name and address, or only an image. */
export interface RunTarget {
  /** As deployed. */
  readonly name?: string;
  /** `google_cloud_run_v2_service.worker_1A2B3C4D` */
  readonly address?: string;
  readonly image?: string;
}

/** A command that stands for the image of no resource, or of several. */
export class RunCommandError extends Error {}

/** Resources that run containers. */
const CONTAINERS = ["google_cloud_run_v2_service", "google_cloud_run_v2_job", "google_cloud_run_v2_worker_pool"];

/**
 * The commands that stand for container images on this machine. The user names a target by its name
 * as deployed, by words of that name that no other target has, by its Terraform address, or by its
 * image.
 */
export class RunCommands {
  private readonly targets: readonly RunTarget[];

  constructor(
    private readonly stack: Pick<Stack, "name" | "resources">,
    /** Command lines by what names their targets. */
    private readonly commands: Readonly<Record<string, string>> = {},
  ) {
    this.targets = targetsOf(stack);
  }

  /** The command line of a target; undefined if it has none. */
  commandFor({ name, address, image }: RunTarget): string | undefined {
    const found = Object.entries(this.commands).find(
      ([key]) =>
        key === image ||
        this.targetsOf(key).some((each) => (address === undefined ? each.name === name : each.address === address)),
    );
    return found?.[1];
  }

  /**
   * Checks that each command has exactly one target; an image may have several.
   *
   * @throws RunCommandError with all that have not
   */
  check(): void {
    const reasons = Object.keys(this.commands).flatMap((key) => this.problemOf(key) ?? []);
    if (reasons.length > 0) throw new RunCommandError(reasons.join("\n"));
  }

  /** Whether a key names something in the stack. */
  readonly knows = (key: string): boolean =>
    // Vertex AI training jobs are no resources: their images are in the environment of functions.
    this.targetsOf(key).length > 0 || (isImage(key) && this.mentions(key));

  private problemOf(key: string): string | undefined {
    const found = this.targetsOf(key);
    if (!this.knows(key)) {
      const all = this.targets.map(({ name }) => name).join(", ");
      const allowed = all === "" ? "nothing, as the stack runs no container" : `${all}, their addresses or images`;
      return `Given --run ${key}; allowed: ${allowed}`;
    }
    if (isImage(key) || found.length < 2) return undefined;
    return `Given --run ${key}, which is ${found.map(({ name }) => name).join(" or ")}; allowed: one of them`;
  }

  private targetsOf(key: string): readonly RunTarget[] {
    const found = NAMINGS.map((isNamed) => this.targets.filter((target) => isNamed(key, target, this.stack.name)));
    return found.find((targets) => targets.length > 0) ?? [];
  }

  private mentions(image: string): boolean {
    return this.stack.resources.some(({ attributes }) => JSON.stringify(attributes).includes(image));
  }
}

/** What runs containers in a stack. */
function targetsOf({ resources }: Pick<Stack, "resources">): RunTarget[] {
  return resources
    .filter(({ type }) => CONTAINERS.includes(type))
    .map(({ address, type, attributes }) => {
      const path = type === "google_cloud_run_v2_job" ? ["template", "template"] : ["template"];
      const image = block(attributes, ...path, "containers")?.image;
      return { name: String(attributes.name), address, image };
    });
}

/** How a key names a target of a stack; the first way that finds one counts. */
const NAMINGS: readonly ((key: string, target: RunTarget, stack: string) => boolean)[] = [
  (key, { name, address }) => key === name || key === address,
  (key, { image }) => key === image,
  (key, { name = "" }, stack) => shortNames(name, stack).includes(key),
  (key, { name }) => `-${name}-`.includes(`-${key}-`),
];

/** Names begin with the stack and end with the environment: `async-batch-ocr-dev` is also `ocr`. */
function shortNames(name: string, stack: string): string[] {
  const within = name.startsWith(`${stack}-`) ? name.slice(stack.length + 1) : name;
  return [name, within].flatMap((each) => [each, each.replace(/-[^-]+$/, "")]);
}

function isImage(key: string): boolean {
  return key.includes("/");
}
