import type { Construct } from "constructs";
import { type BeamYaml, readBeamYaml } from "../core/beam-yaml";
import { Deployment } from "../core/deployment";
import { report, ValidationError } from "../core/validation";
import type { DataflowWorkers } from "./dataflow-workers";
import { PipelineBucket } from "./pipeline-bucket";

/**
 * In the value of a parameter, this stands for the name of the job, whether Terraform or the
 * function `dataflow-launcher` launches it.
 */
export const JOB_NAME = "{jobName}";

/** Options of {@link DataflowTemplate.yaml}. */
export interface BeamYamlOptions {
  /**
   * Values of the pipeline's Jinja variables, in any form that JSON has. The parameters of a job
   * are variables, too, and come before these. {@link JOB_NAME} in a text becomes the job's name.
   * @default - none
   */
  readonly variables?: Readonly<Record<string, unknown>>;
  /**
   * Further pipeline options of Beam, such as `{ number_of_worker_harness_threads: "4" }`.
   *
   * Without the option `requirements_file`, Google's template installs packages for AWS and Azure
   * from the internet when a job starts, on the launcher and on each worker. Workers with
   * `privateIps` then need Cloud NAT. The option takes a file of the template's own image only, not
   * a `gs://` path.
   * @default - none
   */
  readonly pipelineOptions?: Readonly<Record<string, string>>;
  /**
   * Google's template for Beam YAML. The folder of a date instead of `latest` pins its version.
   * @default - `gs://dataflow-templates-<region>/latest/flex/Yaml_Template`
   */
  readonly templatePath?: string;
}

/** A template as a request launches it. */
export interface LaunchedTemplate {
  /** Whether the template is a staged graph or a container. */
  readonly kind: "classic" | "flex";
  /** `gs://<bucket>/<object>` */
  readonly path: string;
  /** Parameters that the template adds to those of the job. */
  readonly parameters: Readonly<Record<string, string>>;
  /**
   * Variables of a Beam YAML pipeline. Where they are there, the parameters of the job are
   * variables, too, and all of them are the parameter `jinja_variables`, as JSON.
   * @default - the template takes the parameters of the job
   */
  readonly variables?: Readonly<Record<string, unknown>>;
  /**
   * The field `additionalPipelineOptions` of the launch's environment.
   * @default - none
   */
  readonly pipelineOptions?: readonly string[];
}

/** A Dataflow template: a pipeline that is launched with parameters. */
export class DataflowTemplate {
  /**
   * A classic template: a staged pipeline graph.
   *
   * @param path `gs://<bucket>/<object>`
   * @throws ValidationError InvalidValue for any other form
   */
  static classic(path: string): DataflowTemplate {
    return new DataflowTemplate("classic", requirePath(path));
  }

  /**
   * A flex template: a container specification.
   *
   * @param path `gs://<bucket>/<object>` of the specification, a JSON file
   * @throws ValidationError InvalidValue for any other form
   */
  static flex(path: string): DataflowTemplate {
    return new DataflowTemplate("flex", requirePath(path));
  }

  /**
   * A pipeline of your own in Beam YAML (https://beam.apache.org/documentation/sdks/yaml/). Its
   * file is uploaded, and Google's flex template for Beam YAML runs it
   * (https://cloud.google.com/dataflow/docs/guides/templates/provided/yaml): no container is built.
   *
   * @param path the YAML file: absolute, or relative to the working directory or the folder of
   *   cdktf.json
   * @throws ValidationError InvalidSource for a missing file; InvalidBeamPipeline for a file that is
   *   not YAML or not of the form of a pipeline, with lines, and for a variable that it does not
   *   have; InvalidValue for a `templatePath` of another form than `gs://<bucket>/<object>`
   */
  static yaml(path: string, options: BeamYamlOptions = {}): DataflowTemplate {
    if (options.templatePath !== undefined) requirePath(options.templatePath);
    const template = new DataflowTemplate("yaml", path, readBeamYaml(path), options);
    const problem = template.unknownVariable(Object.keys(options.variables ?? {}));
    if (problem) throw new ValidationError("InvalidBeamPipeline", problem);
    return template;
  }

  private constructor(
    /** A staged graph, a container, or a pipeline in Beam YAML. */
    readonly kind: "classic" | "flex" | "yaml",
    /** Of the template; of a Beam YAML pipeline the given path of its file. */
    readonly path: string,
    private readonly pipeline?: BeamYaml,
    private readonly options: BeamYamlOptions = {},
  ) {}

  /**
   * What a request launches. Uploads a Beam YAML pipeline to the stack's bucket of pipelines. The
   * template's launcher, which has the workers' identity, reads it by `roles/dataflow.worker`,
   * which has `storage.objects.get` on the project.
   *
   * @internal
   */
  bind(scope: Construct, workers: DataflowWorkers): LaunchedTemplate {
    const { kind, path, pipeline, options } = this;
    if (kind !== "yaml" || !pipeline) return { kind: kind === "yaml" ? "flex" : kind, path, parameters: {} };
    const pipelines = PipelineBucket.of(scope, workers.encryptionKey);
    return {
      kind: "flex",
      path: options.templatePath ?? `gs://dataflow-templates-${Deployment.of(scope).region}/latest/flex/Yaml_Template`,
      parameters: { yaml_pipeline_file: pipelines.upload(pipeline) },
      variables: options.variables ?? {},
      pipelineOptions: Object.entries(options.pipelineOptions ?? {}).map(([name, value]) => `${name}=${value}`),
    };
  }

  /**
   * Reports InvalidBeamPipeline for parameters of a job that a Beam YAML pipeline does not have.
   *
   * @internal
   */
  checkParameters(scope: Construct, names: readonly string[]): void {
    const problem = this.unknownVariable(names);
    if (problem) report(scope, "InvalidBeamPipeline", problem);
  }

  /** Jinja accepts a variable that nothing uses, so that a misspelled one would go unnoticed. */
  private unknownVariable(names: readonly string[]): string | undefined {
    const { pipeline, path } = this;
    const unknown = pipeline && names.filter((name) => !new RegExp(`\\b${escaped(name)}\\b`).test(pipeline.code));
    if (!unknown || unknown.length === 0) return undefined;
    return `Beam pipeline "${path}" uses no variable ${unknown.join(", ")}`;
  }
}

function requirePath(path: string): string {
  if (!/^gs:\/\/[a-z0-9][a-z0-9._-]+\/.+/.test(path)) {
    throw new ValidationError("InvalidValue", `Dataflow template is "${path}"; allowed is gs://<bucket>/<object>`);
  }
  return path;
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
