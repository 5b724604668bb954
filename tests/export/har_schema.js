// Whether the HAR file on standard input is one by its published JSON schema (npm: har-schema), formats included.
const Ajv = require("ajv");
const schemas = require("har-schema");

const ajv = new Ajv({ format: "full", allErrors: true, meta: require("ajv/lib/refs/json-schema-draft-06.json") });
const valid = ajv.addSchema(Object.values(schemas)).getSchema("har.json#");
const har = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
if (!valid(har)) {
  for (const error of valid.errors) {
    const at = error.dataPath.slice(1).split(/[.[\]]+/).filter(Boolean).reduce((value, key) => value?.[key], har);
    console.error(`${error.dataPath} ${error.message}: ${JSON.stringify(at)}`);
  }
  process.exit(1);
}
console.log(har.log.entries.length);
