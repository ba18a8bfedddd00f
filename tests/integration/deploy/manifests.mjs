// Checks rendered manifests strictly against the types of Kubernetes: unknown kinds, unknown fields, wrong types.
// Runs from the folder that has kubernetes-models and its like, yaml and typescript in node_modules: node manifests.mjs RENDERED...
// `make deploy-test` puts them there.
import {readFileSync, writeFileSync} from "node:fs";
import {spawnSync} from "node:child_process";
import YAML from "yaml";

// Kinds that are not Kubernetes' own come from packages of their own.
const packages = {"monitoring.coreos.com": "@kubernetes-models/prometheus-operator", "cert-manager.io": "@kubernetes-models/cert-manager"};
const moduleOf = (apiVersion) => `${packages[apiVersion.split("/")[0]] ?? "kubernetes-models"}/${apiVersion}`;

let problems = 0;
let count = 0;
let typed = "export {};\n";
const report = (message) => { console.error(message); problems++; };

const documents = process.argv.slice(2).flatMap((file) => YAML.parseAllDocuments(readFileSync(file, "utf8")).map((document) => ({file, document})));
for (const {file, document} of documents) {
  document.errors.forEach((error) => report(error.message));
  const object = document.toJS();
  if (!object) continue;
  count++;
  const module = moduleOf(object.apiVersion);
  const id = `${file}: ${object.kind}/${object.metadata?.name}`;
  let Model;
  try { Model = (await import(module))[object.kind]; } catch { Model = undefined; }
  if (!Model) { report(`${id}: unknown ${object.apiVersion}`); continue; }
  try { new Model(object).validate(); } catch (error) { report(`${id}: ${error.message}`); }
  typed += `{ /* ${id} */ const x: import("${module}").I${object.kind} = ${JSON.stringify(object, null, 1)}; void x; }\n`;
}
writeFileSync("manifests.gen.ts", typed);
const flags = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "manifests.gen.ts"];
const tsc = spawnSync("node_modules/.bin/tsc", flags, {encoding: "utf8"});
if (tsc.status !== 0) report(tsc.stdout || String(tsc.error));
console.log(`${count} manifests, ${problems} problems`);
process.exit(problems || count === 0 ? 1 : 0);
