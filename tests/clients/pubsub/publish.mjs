// Publishes an event for each line on standard input, with the metadata as the mounted files hold
// it then, and prints what became of it.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { status } from "@grpc/grpc-js";
import PubSubApiClient from "salesforce-pubsub-api-client";

const read = (name) => readFile(`${process.argv[2]}/${name}`, "utf8");
const quiet = { debug() {}, info() {}, warn: console.error, error: console.error };

for await (const number of createInterface({ input: process.stdin })) {
  const client = new PubSubApiClient({
    authType: "user-supplied",
    accessToken: await read("accesstoken"),
    instanceUrl: await read("instanceurl"),
    organizationId: await read("tenantid"),
    pubSubEndpoint: process.env.PUBSUB_ENDPOINT,
  }, quiet);
  await client.connect();
  try {
    const event = { CreatedDate: Date.now(), CreatedById: "005xx000001SwiU", Number__c: { string: number } };
    await client.publish("/event/Order__e", event);
    console.log("published");
  } catch ({ cause }) {
    console.log(`${status[cause.code]} ${cause.details}`);
  }
  client.close();
}
