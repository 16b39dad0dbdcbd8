// What runs in place of the images: writes what the later steps need, once.
const { PIPELINE_JOB, PIPELINE_OUTPUT, PIPELINE_INDEX } = process.env;
const [output, element] = process.argv.slice(2);
if (output !== PIPELINE_OUTPUT) throw new Error(`given the output ${output}`);

const metadata = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
const { access_token } = await (await fetch(metadata, { headers: { "Metadata-Flavor": "Google" } })).json();
const headers = { authorization: `Bearer ${access_token}` };
const bucketOf = (uri) => uri.split("/")[2];
const nameOf = (uri) => encodeURIComponent(uri.split("/").slice(3).join("/"));

/** Repeats what may pass. */
async function ask(url, options = {}) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { ...options, headers }).catch(() => undefined);
    if (answer && (answer.status < 429 || answer.status === 500)) return answer;
    if (attempt === 10) throw new Error(`${url}: ${answer?.status}`);
  }
}

async function write(file, text) {
  const uri = `${output}/${file}`;
  const query = `uploadType=media&ifGenerationMatch=0&name=${nameOf(uri)}`;
  const url = `https://storage.googleapis.com/upload/storage/v1/b/${bucketOf(uri)}/o?${query}`;
  const { status } = await ask(url, { method: "POST", body: text });
  if (status !== 200 && status !== 412) throw new Error(`${uri}: ${status}`);
  return uri;
}

const read = await ask(
  `https://storage.googleapis.com/storage/v1/b/${bucketOf(PIPELINE_JOB)}/o/${nameOf(PIPELINE_JOB)}?alt=media`,
);
const job = await read.json();
if (job.output !== output) throw new Error(`${PIPELINE_JOB} has another output`);

if (PIPELINE_INDEX === undefined) {
  const instances = await write("instances.jsonl", "[5.1,3.5,1.4,0.2]\n[6.3,3.3,6,2.5]\n");
  const text = await write("words.txt", "one two two\n");
  await write("outputs.json", JSON.stringify({ instances, text, shards: ["a", "b", "c"] }));
} else {
  if (element !== "abc"[Number(PIPELINE_INDEX)]) throw new Error(`given the element ${element}`);
  await write("outputs.json", JSON.stringify({ model: `${element} of ${job.run}` }));
}
