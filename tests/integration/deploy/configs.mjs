// Takes cistern.yaml out of each rendering: node configs.mjs FOLDER_OF_RENDERINGS OUT
import {readdirSync, readFileSync, writeFileSync} from "node:fs";
import YAML from "yaml";

const [from, to] = process.argv.slice(2);
for (const file of readdirSync(from).filter((name) => name.endsWith(".yaml"))) {
  for (const document of YAML.parseAllDocuments(readFileSync(`${from}/${file}`, "utf8"))) {
    const object = document.toJS();
    const content = object?.kind === "ConfigMap" && object.data?.["cistern.yaml"];
    if (content) writeFileSync(`${to}/${file}`, content);
  }
}
