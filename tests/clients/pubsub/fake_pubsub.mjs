// A Pub/Sub API with one topic, as the published interface describes it: gRPC over TLS, and nobody
// gets in whom the org does not confirm. Started with the org's address and with the files of a
// certificate and its key, it prints its port, and then a line for each subscription.
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const [org, certificate, key] = process.argv.slice(2);
const INTERFACE = new URL(
  "node_modules/salesforce-pubsub-api-client/pubsub_api.proto", import.meta.url);
const TOPIC = "/event/Order__e";
const SCHEMA = { schemaId: "Xw7pNsGc0vVd5tQm1bYk2A", schemaJson: JSON.stringify({
  type: "record",
  name: "Order__e",
  fields: [
    { name: "CreatedDate", type: "long" },
    { name: "CreatedById", type: "string" },
    { name: "Number__c", type: ["null", "string"], default: null },
  ],
}) };

const published = []; // oldest first; the replay ID of an event is its place, counted from 1
const readers = new Set();

const refusal = (code, details) => Object.assign(new Error(details), { code, details });
const isRefused = (details) => refusal(grpc.status.UNAUTHENTICATED, details);

// Throws unless the org knows the token, and knows it as one of that org at that instance URL.
async function confirm(metadata) {
  const [token, instance, tenant] = ["accesstoken", "instanceurl", "tenantid"].map(
    (name) => metadata.get(name).join());
  const headers = { Authorization: `Bearer ${token}` };
  const answer = await fetch(`${org}/services/oauth2/userinfo`, { headers });
  if (!answer.ok) throw isRefused(`accesstoken: ${await answer.text()}`);
  const user = await answer.json();
  if (tenant !== user.organization_id) throw isRefused("tenantid: not the org of the token");
  if (instance !== new URL(user.urls.rest).origin) throw isRefused("instanceurl: not of the org");
}

const unary = (answer) => (call, reply) => confirm(call.metadata)
  .then(() => answer(call.request)).then((told) => reply(null, told), reply);

const replayId = (place) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(place));
  return bytes;
};

function getTopic({ topicName }) {
  if (topicName !== TOPIC) throw refusal(grpc.status.NOT_FOUND, topicName);
  return { topicName, canPublish: true, canSubscribe: true, schemaId: SCHEMA.schemaId };
}

function publish({ events }) {
  const results = events.map((event) => (
    { replayId: replayId(published.push(event)), correlationKey: event.id }));
  for (const reader of readers) reader.wake();
  return { results, schemaId: SCHEMA.schemaId };
}

function firstPlace({ replayPreset, replayId }) {
  if (replayId?.length) return Number(replayId.readBigUInt64BE());
  return replayPreset === 1 ? 0 : published.length;
}

// The org is asked again before each event: a stream does not outlive its token.
class Reader {
  #wanted = 0;
  #place;
  #work = Promise.resolve();

  constructor(call) {
    this.call = call;
  }

  ask(request) {
    this.#wanted += request.numRequested;
    if (this.#place === undefined) {
      this.#place = firstPlace(request);
      this.#do(() => console.log(`subscribed to ${request.topicName}`));
    }
    this.wake();
  }

  wake() {
    this.#do(() => {
      if (!this.#wanted || this.#place >= published.length) return;
      const event = published[this.#place++];
      const latestReplayId = replayId(this.#place);
      const events = [{ event, replayId: latestReplayId }];
      this.call.write({ events, latestReplayId, pendingNumRequested: --this.#wanted });
      this.wake();
    });
  }

  #do(work) {
    this.#work = this.#work.then(async () => {
      if (!readers.has(this)) return;
      await confirm(this.call.metadata);
      work();
    }).catch((error) => {
      readers.delete(this);
      this.call.emit("error", error);
    });
  }
}

function subscribe(call) {
  const reader = new Reader(call);
  readers.add(reader);
  call.on("data", (request) => reader.ask(request));
  for (const gone of ["end", "cancelled"]) call.on(gone, () => readers.delete(reader));
}

const { eventbus } = grpc.loadPackageDefinition(protoLoader.loadSync(INTERFACE.pathname));
const server = new grpc.Server();
server.addService(eventbus.v1.PubSub.service, {
  GetTopic: unary(getTopic),
  GetSchema: unary(() => SCHEMA),
  Publish: unary(publish),
  Subscribe: subscribe,
});
const pair = { cert_chain: readFileSync(certificate), private_key: readFileSync(key) };
const credentials = grpc.ServerCredentials.createSsl(null, [pair]);
server.bindAsync("127.0.0.1:0", credentials, (error, port) => {
  if (error) throw error;
  console.log(port);
});
