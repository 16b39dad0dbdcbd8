import { ROOT } from "../../../__tests__/synth/project-copy";
import { evaluateStack } from "../../terraform-json/src";
import { mermaid, svg, wiring } from "../src/diagram";
import { containers } from "./fixtures/containers";

const stack = evaluateStack(containers(), { name: "ocr", folder: ROOT });

test("containers, jobs and pools are boxes, with what calls them and what they call", () => {
  const { boxes, arrows } = wiring(stack);
  const names = new Map(boxes.map(({ key, label: [name] }) => [key, name]));
  expect(boxes.map(({ kind, label }) => `${kind}: ${label.join(", ")}`)).toEqual(
    expect.arrayContaining([
      "service: reader, container, nvidia-l4",
      "job: reindex, job, 8 tasks, nvidia-l4",
      "pool: embed pool, 2 instances",
      "job: Vertex AI training, one for each launch",
      "job: Vertex AI batch prediction, one for each launch",
    ]),
  );
  expect(
    arrows.map(
      ({ from, to, labels, delivered }) =>
        `${names.get(from)} ${delivered ? "..>" : "->"} ${names.get(to)}: ${labels.join(", ")}`,
    ),
  ).toEqual([
    "pages queue -> reader: POST as caller",
    "pages topic ..> embed subscription: ",
    "train -> Vertex AI training: launches as trainer",
    "train -> Vertex AI batch prediction: launches as trainer",
    "train -> reindex: runs",
    "embed subscription -> embed pool: pulled by",
    "reader -> models bucket: reads",
    "reindex -> models bucket: reads, writes",
    "Vertex AI training -> models bucket: reads",
    "Vertex AI batch prediction -> models bucket: reads",
  ]);
});

test("nothing is drawn as a role on the whole project, and both drawings have the same boxes", async () => {
  const { boxes } = wiring(stack);
  expect(boxes.map(({ kind }) => kind)).not.toContain("project");
  const drawing = await svg(stack);
  for (const {
    label: [name = ""],
  } of boxes) {
    expect(mermaid(stack)).toContain(`"${name}`);
    for (const word of name.split(" ")) expect(drawing).toContain(word);
  }
});

test("a role on the whole project that starts jobs and does more is drawn once", () => {
  const json = containers();
  json.resource.google_project_iam_member.predict = {
    project: "acme-ml",
    role: "roles/aiplatform.user",
    member: "serviceAccount:${google_service_account.worker.email}",
  };
  const { boxes, arrows } = wiring(evaluateStack(json, { name: "ocr", folder: ROOT }));
  const [vertex] = boxes.filter(({ kind }) => kind === "vertex");
  expect(arrows.filter(({ to }) => to === vertex?.key).map(({ labels }) => labels)).toEqual([[":predict"]]);
});
