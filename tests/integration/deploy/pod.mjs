// Turns a rendering into what `podman kube play` 4.3 can run, and takes out what the test does itself.
// Runs from the folder that has yaml in node_modules: node pod.mjs OUT < rendered.yaml   writes
//   OUT/claims.yaml a PersistentVolumeClaim for each claim of the StatefulSet, for the first time
//   OUT/pod.yaml   ConfigMaps, the StatefulSet as a Deployment: without ports (they clash with a pod without network) and
//                  probes; Secret volumes as folders, as kubelet would make them
//   OUT/probes     a line for each probe: "KIND http|https PORT PATH" or "KIND exec COMMAND..."
//   OUT/fixed      what an upgrade may not change in a StatefulSet
//   OUT/test.sh, OUT/test.env, OUT/test.volumes     the hook of `helm test`
import {chownSync, mkdirSync, readFileSync, writeFileSync} from "node:fs";
import path from "node:path";
import YAML from "yaml";

const out = path.resolve(process.argv[2]);
const objects = YAML.parseAllDocuments(readFileSync(0, "utf8")).map((document) => document.toJS()).filter(Boolean);
const of = (kind) => objects.filter((object) => object.kind === kind);
const set = of("StatefulSet")[0];
const pod = set.spec.template.spec;
const container = pod.containers[0];

// Mode and group are those that kubelet gives with fsGroup.
function folderOf(volume, group) {
  const secret = of("Secret").find((object) => object.metadata.name === volume.secret.secretName);
  if (!secret) throw new Error(`no Secret ${volume.secret.secretName}`);
  const folder = path.join(out, "secrets", volume.name);
  mkdirSync(folder, {recursive: true});
  const items = volume.secret.items ?? Object.keys(secret.data).map((key) => ({key, path: key}));
  for (const {key, path: name} of items) {
    const file = path.join(folder, name);
    writeFileSync(file, Buffer.from(secret.data[key], "base64"), {mode: volume.secret.defaultMode});
    chownSync(file, 0, group);
  }
  return folder;
}

const port = (get) => container.ports.find((other) => other.name === get.port)?.containerPort ?? get.port;
const probes = ["startupProbe", "livenessProbe", "readinessProbe"].filter((kind) => container[kind]).map((kind) => {
  const {httpGet, exec} = container[kind];
  return httpGet ? `${kind} ${(httpGet.scheme ?? "HTTP").toLowerCase()} ${port(httpGet)} ${httpGet.path}` : `${kind} exec ${exec.command.join(" ")}`;
});
writeFileSync(`${out}/probes`, probes.join("\n") + "\n");
const {serviceName, selector, podManagementPolicy, volumeClaimTemplates} = set.spec;
writeFileSync(`${out}/fixed`, JSON.stringify({serviceName, selector, podManagementPolicy, volumeClaimTemplates}));

const test = of("Pod").find((object) => object.metadata.annotations?.["helm.sh/hook"] === "test");
if (test) {
  const {args, env, volumeMounts} = test.spec.containers[0];
  writeFileSync(`${out}/test.sh`, args[0]);
  writeFileSync(`${out}/test.env`, env.map(({name, value}) => `${name}=${value}\n`).join(""));
  writeFileSync(`${out}/test.volumes`, (volumeMounts ?? []).map((mount) => {
    const volume = test.spec.volumes.find((other) => other.name === mount.name);
    return `${folderOf(volume, test.spec.securityContext.fsGroup)}:${mount.mountPath}:ro\n`;
  }).join(""));
}

for (const volume of pod.volumes.filter((other) => other.secret)) {
  volume.hostPath = {path: folderOf(volume, pod.securityContext.fsGroup), type: "Directory"};
  delete volume.secret;
}
const claims = (volumeClaimTemplates ?? []).map((claim) =>
  ({apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: {name: `${claim.metadata.name}-${set.metadata.name}-0`}, spec: claim.spec}));
(volumeClaimTemplates ?? []).forEach((claim, i) =>
  pod.volumes.push({name: claim.metadata.name, persistentVolumeClaim: {claimName: claims[i].metadata.name}}));
for (const key of ["ports", "startupProbe", "livenessProbe", "readinessProbe"]) delete container[key];
const deployment = {apiVersion: "apps/v1", kind: "Deployment", metadata: set.metadata,
  spec: {replicas: 1, selector, template: set.spec.template}};
const write = (file, documents) => writeFileSync(`${out}/${file}`, documents.map((object) => "---\n" + YAML.stringify(object)).join(""));
write("claims.yaml", claims);
write("pod.yaml", [...of("ConfigMap"), deployment]);
