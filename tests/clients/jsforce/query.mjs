// Queries Salesforce once for each line on standard input, with the connection as the mounted
// file describes it then: kubelet brings a new token into it, so it is read for each query.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import jsforce from "jsforce";

for await (const soql of createInterface({ input: process.stdin })) {
  const settings = JSON.parse(await readFile(`${process.argv[2]}/salesforce.json`, "utf8"));
  const connection = new jsforce.Connection(settings);
  const answer = await connection.query(soql);
  console.log(answer.records[0].Name);
}
