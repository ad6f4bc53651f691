// Queries Salesforce once for each line on standard input, with the library that the Salesforce
// CLI is made of. The mounted files are read for each query: kubelet brings a new token into them.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { AuthInfo, Connection } from "@salesforce/core";

const read = (name) => readFile(`${process.argv[2]}/${name}`, "utf8");

for await (const soql of createInterface({ input: process.stdin })) {
  const accessToken = await read("SF_ACCESS_TOKEN");
  const instanceUrl = await read("SF_ORG_INSTANCE_URL");
  const authInfo = await AuthInfo.create({
    username: accessToken,
    accessTokenOptions: { accessToken, instanceUrl },
  });
  const version = await read("SF_ORG_API_VERSION");
  const connection = await Connection.create({ authInfo, connectionOptions: { version } });
  const answer = await connection.query(soql);
  console.log(answer.records[0].Name);
}
