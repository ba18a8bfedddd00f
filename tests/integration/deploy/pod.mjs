// Turns the rendered StatefulSet into what `podman kube play` can run: one Pod with its ConfigMap, volume claims as
// empty folders, no ports (they clash with a pod without network) and no HTTP probes (the test polls them itself).
// Runs from the folder that has yaml in node_modules: node pod.mjs < rendered.yaml > pod.yaml
import {readFileSync} from "node:fs";
import YAML from "yaml";

for (const object of YAML.parseAllDocuments(readFileSync(0, "utf8")).map((document) => document.toJS())) {
  if (object?.kind === "ConfigMap") process.stdout.write("---\n" + YAML.stringify(object));
  if (object?.kind !== "StatefulSet") continue;
  const spec = object.spec.template.spec;
  for (const claim of object.spec.volumeClaimTemplates ?? []) spec.volumes.push({name: claim.metadata.name, emptyDir: {}});
  for (const container of spec.containers) {
    delete container.ports;
    delete container.livenessProbe;
    delete container.readinessProbe;
  }
  const pod = {apiVersion: "v1", kind: "Pod", metadata: {name: object.metadata.name}, spec};
  process.stdout.write("---\n" + YAML.stringify(pod));
}
