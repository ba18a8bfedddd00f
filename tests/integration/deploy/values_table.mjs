// The table of values in the chart's README.md is made of values.yaml: each "# -- " line describes the key below it.
// Also checks that every key is described and that the schema knows the same keys.
// Runs from the folder that has yaml in node_modules: node values_table.mjs CHART check|write
import {readFileSync, writeFileSync} from "node:fs";
import YAML from "yaml";

const [chart, mode] = process.argv.slice(2);
const text = readFileSync(`${chart}/values.yaml`, "utf8");
const values = YAML.parse(text);
const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, "utf8"));
const problems = [];

function described() {
  const rows = [];
  const path = [];
  let meaning;
  for (const line of text.split("\n")) {
    const comment = line.match(/^ *# -- (.*)$/);
    const key = line.match(/^( *)([A-Za-z]+):/);
    if (comment) meaning = comment[1];
    if (!key) continue;
    path.length = key[1].length / 2;
    path.push(key[2]);
    if (meaning) rows.push({path: [...path], meaning});
    meaning = undefined;
  }
  return rows;
}

const at = (path) => path.reduce((value, key) => value[key], values);
const isGroup = (value) => value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0;
const leaves = (value, path = []) =>
  isGroup(value) ? Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key])) : [path];
const resolve = (node) => (node?.$ref ? schema.definitions[node.$ref.split("/").pop()] : node);
const schemaKeys = (node, path = []) => Object.entries(resolve(node).properties ?? {}).flatMap(([key, inner]) =>
  [[...path, key], ...schemaKeys(inner, [...path, key])]);
const covers = (outer, inner) => outer.every((key, i) => inner[i] === key);
const name = (path) => path.join(".");

const rows = described();
for (const leaf of leaves(values)) {
  if (!rows.some((row) => covers(row.path, leaf))) problems.push(`values.yaml: ${name(leaf)} has no description`);
}
const known = schemaKeys(schema);
for (const row of rows) {
  if (!known.some((path) => name(path) === name(row.path))) problems.push(`values.schema.json: ${name(row.path)} is missing`);
}
for (const path of known) {
  if (!rows.some((row) => covers(row.path, path) || covers(path, row.path))) problems.push(`values.yaml: ${name(path)} of the schema is missing`);
}

const shown = (value) => YAML.stringify(value, {flowCollectionPadding: false, collectionStyle: "flow", lineWidth: 0}).trim();
const cell = (content) => content.replaceAll("|", "\\|");
const table = ["| key | default | meaning |", "|---|---|---|",
  ...rows.map((row) => `| \`${name(row.path)}\` | \`${cell(shown(at(row.path)))}\` | ${cell(row.meaning)} |`)].join("\n");
const begin = "<!-- values: made of values.yaml by `make helm-docs` -->\n";
const end = "\n<!-- /values -->";
const readme = readFileSync(`${chart}/README.md`, "utf8");
const wanted = readme.slice(0, readme.indexOf(begin) + begin.length) + table + readme.slice(readme.indexOf(end));
if (!readme.includes(begin) || !readme.includes(end)) problems.push("README.md: no place for the table of values");
else if (mode === "write") writeFileSync(`${chart}/README.md`, wanted);
else if (readme !== wanted) problems.push("README.md: the table of values is not that of values.yaml; run `make helm-docs`");
problems.forEach((problem) => console.error(problem));
process.exit(problems.length ? 1 : 0);
