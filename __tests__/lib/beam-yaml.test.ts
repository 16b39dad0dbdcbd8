import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataflowTemplate } from "../../lib/parts/dataflow-template";

const folder = mkdtempSync(join(tmpdir(), "beam-yaml-"));
const file = join(folder, "clean.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

function made(text: string, variables = {}) {
  writeFileSync(file, text);
  return () => DataflowTemplate.yaml(file, { variables });
}

const CHAIN = `pipeline:
  type: chain
  transforms:
    - type: ReadFromCsv
      config: { path: "{{ input }}" }
    - type: WriteToJson
      config: { path: {{ output | tojson }} }
`;

test.each([
  ["a chain with expressions", CHAIN],
  ["source and sink", "pipeline:\n  type: chain\n  source: { type: Create }\n  sink: { type: LogForTesting }\n"],
  [
    "statements, comments and transforms that only Beam knows",
    "{# not { balanced #}\npipeline:\n  transforms:\n{% for n in names %}\n    - type: Own\n      name: {{ n }}\n{% endfor %}\n",
  ],
  ["providers and options", `${CHAIN}providers: []\noptions: { streaming: false }\n`],
])("takes %s", (_name, text) => {
  expect(made(text)).not.toThrow();
});

test.each([
  ["YAML that does not parse", "pipeline:\n  transforms: [\n", /line 3: Flow sequence/],
  ["a key twice", "pipeline:\n  transforms: []\n  transforms: []\n", /line 3: Map keys must be unique/],
  ["no pipeline", "transforms: []\n", /line 1: the file needs a mapping pipeline/],
  ["an empty file", "", /line 1: the file needs a mapping pipeline/],
  ["no transforms", "pipeline:\n  type: chain\n", /line 2: pipeline needs transforms, or source and sink/],
  ["transforms that are no list", "pipeline:\n  transforms: {}\n", /line 2: transforms of pipeline are no list/],
  ["a transform without a type", "pipeline:\n  transforms:\n    - name: a\n", /line 3: a transform has no type/],
  [
    "a misspelled key",
    "pipeline:\n  transforms:\n    - type: Create\n      confg: {}\n",
    /line 4: transform Create has "confg"; allowed is type, name, input, output, output_schema, windowing, resource_hints, config$/,
  ],
  [
    "a config that is no mapping",
    "pipeline:\n  transforms:\n    - type: Create\n      config: [1]\n",
    /line 4: config of Create is no mapping/,
  ],
  [
    "an input in a chain",
    "pipeline:\n  type: chain\n  transforms:\n    - type: Create\n      input: x\n",
    /line 5: input of Create; in a chain it is implicit/,
  ],
  [
    "an error in a nested chain",
    "pipeline:\n  transforms:\n    - type: chain\n      name: inner\n      transforms:\n        - name: a\n",
    /line 6: a transform has no type/,
  ],
])("refuses %s, with its line", (_name, text, message) => {
  expect(made(text)).toThrow(message);
  expect(made(text)).toThrow(/^InvalidBeamPipeline: Beam pipeline ".*clean\.yaml": /);
});

test("lists all problems of a file, ten at most", () => {
  const text = `pipeline:\n  transforms:\n${"    - name: a\n".repeat(12)}`;
  expect(made(text)).toThrow(/line 3: .*; line 4: .*; line 12: a transform has no type and 2 more$/);
});

test("refuses a variable that the file does not have, and a path of another form", () => {
  expect(made(CHAIN, { input: "gs://a/b", outptu: "gs://a/c" })).toThrow(
    /^InvalidBeamPipeline: Beam pipeline ".*" uses no variable outptu$/,
  );
  expect(() => DataflowTemplate.yaml("pipelines/gone.yaml")).toThrow(
    /^InvalidSource: Beam pipeline "pipelines\/gone\.yaml" does not exist; allowed is a YAML file, relative to /,
  );
  expect(() => DataflowTemplate.yaml(file, { templatePath: "Yaml_Template" })).toThrow(
    'InvalidValue: Dataflow template is "Yaml_Template"; allowed is gs://<bucket>/<object>',
  );
});
