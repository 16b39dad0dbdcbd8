// What runs in place of a pool's image: pulls messages, writes a result for each, once, and
// acknowledges it. One message at a time: one that kills its process would use up the attempts of
// others.
const { SUBSCRIPTION, REDRIVE_SUBSCRIPTION, SUBSCRIBER, RESULTS_BUCKET } = process.env;
const metadata = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token";
const { access_token } = await (await fetch(metadata, { headers: { "Metadata-Flavor": "Google" } })).json();
const headers = { authorization: `Bearer ${access_token}`, "content-type": "application/json" };
const post = (url, body) => fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
const pubsub = (subscription, method, body) => post(`https://pubsub.googleapis.com/v1/${subscription}:${method}`, body);

async function work({ messageId, data, attributes = {} }, subscription) {
  // Only messages of the second subscription are believed who they were.
  const id = (subscription === REDRIVE_SUBSCRIPTION && attributes.redriveMessageId) || messageId;
  const name = encodeURIComponent(`${SUBSCRIBER}/${id}.json`);
  const storage = "https://storage.googleapis.com";
  const made = await fetch(`${storage}/storage/v1/b/${RESULTS_BUCKET}/o/${name}`, { headers });
  if (made.ok) return true;
  const query = `uploadType=media&ifGenerationMatch=0&name=${name}`;
  const url = `${storage}/upload/storage/v1/b/${RESULTS_BUCKET}/o?${query}`;
  const { status } = await post(url, { predictions: JSON.parse(Buffer.from(data, "base64")).instances });
  return status === 200 || status === 412;
}

for (;;) {
  for (const subscription of [SUBSCRIPTION, REDRIVE_SUBSCRIPTION].filter(Boolean)) {
    try {
      const { receivedMessages = [] } = await (await pubsub(subscription, "pull", { maxMessages: 1 })).json();
      for (const { ackId, message } of receivedMessages) {
        const isDone = await work(message, subscription);
        if (isDone) await pubsub(subscription, "acknowledge", { ackIds: [ackId] });
        else await pubsub(subscription, "modifyAckDeadline", { ackIds: [ackId], ackDeadlineSeconds: 0 });
      }
    } catch {
      // What may pass is tried again.
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}
