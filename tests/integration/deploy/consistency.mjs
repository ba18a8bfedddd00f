// What the types of Kubernetes cannot say about a rendering: names that refer to each other, and the level "restricted".
// Runs from the folder that has yaml in node_modules: node consistency.mjs RENDERED...
import {readFileSync} from "node:fs";
import YAML from "yaml";

let problems = 0;
const isTest = (object) => object.metadata.annotations?.["helm.sh/hook"] === "test";
const matches = (selector, labels) => Object.entries(selector).every(([key, value]) => labels?.[key] === value);

function check(file, objects) {
  const expect = (what, ok) => { if (!ok) { console.error(`${file}: ${what}`); problems++; } };
  const set = objects.find((object) => object.kind === "StatefulSet");
  const ids = objects.map((object) => `${object.kind}/${object.metadata.name}`);
  expect(`given twice: ${ids.filter((id, i) => ids.indexOf(id) !== i)}`, new Set(ids).size === ids.length);
  for (const id of ids) expect(`${id}: longer than a name may be`, id.split("/")[1].length <= 63);

  const labels = set.spec.template.metadata.labels;
  const ports = set.spec.template.spec.containers.flatMap((container) => container.ports ?? []);
  expect("the StatefulSet does not select its pods", matches(set.spec.selector.matchLabels, labels));
  for (const object of objects.filter((object) => object.kind === "Service")) {
    const id = object.metadata.name;
    expect(`${id}: selects no pod`, matches(object.spec.selector, labels));
    for (const test of objects.filter(isTest)) expect(`${id}: selects the test`, !matches(object.spec.selector, test.metadata.labels));
    for (const port of object.spec.ports.filter((port) => typeof port.targetPort === "string")) {
      const target = ports.find((other) => other.name === port.targetPort);
      expect(`${id}: no container port ${port.targetPort}`, target);
      expect(`${id}: ${port.name} has another protocol`, (target?.protocol ?? "TCP") === (port.protocol ?? "TCP"));
    }
  }
  const services = objects.filter((object) => object.kind === "Service").map((object) => object.metadata.name);
  expect("serviceName names no Service", services.includes(set.spec.serviceName));

  const pods = [["StatefulSet", set.spec.template.spec, set.spec.volumeClaimTemplates ?? []],
    ...objects.filter(isTest).map((test) => ["test", test.spec, []]),
    ...objects.filter((object) => object.kind === "Job").map((job) => ["check", job.spec.template.spec, []])];
  for (const [id, spec, claims] of pods) {
    const volumes = [...(spec.volumes ?? []).map((volume) => volume.name), ...claims.map((claim) => claim.metadata.name)];
    expect(`${id}: a volume is given twice`, new Set(volumes).size === volumes.length);
    const own = spec.containers[0];
    for (const container of spec.containers) {
      for (const mount of container.volumeMounts ?? []) expect(`${id}: no volume ${mount.name}`, volumes.includes(mount.name));
      for (const kind of ["startupProbe", "livenessProbe", "readinessProbe"]) {
        const port = container[kind]?.httpGet?.port;
        expect(`${id}: ${kind} has no port ${port}`, port === undefined || container.ports.some((other) => other.name === port));
      }
    }
    expect(`${id}: runs as root`, spec.securityContext.runAsNonRoot === true && spec.securityContext.runAsUser > 0);
    expect(`${id}: no seccomp profile`, spec.securityContext.seccompProfile.type === "RuntimeDefault");
    expect(`${id}: may gain privileges`, own.securityContext.allowPrivilegeEscalation === false && !own.securityContext.privileged);
    expect(`${id}: keeps capabilities`, own.securityContext.capabilities.drop?.includes("ALL") && !own.securityContext.capabilities.add);
    expect(`${id}: writes to its root`, own.securityContext.readOnlyRootFilesystem === true);
    expect(`${id}: shares with the host`, !spec.hostNetwork && !spec.hostPID && !spec.hostIPC && !(spec.volumes ?? []).some((volume) => volume.hostPath));
    expect(`${id}: carries a token of its account`, spec.automountServiceAccountToken === false);
    expect(`${id}: no limit of memory`, own.resources.limits.memory);
  }
  expect("there is an Ingress", !objects.some((object) => object.kind === "Ingress"));
}

for (const file of process.argv.slice(2)) {
  check(file, YAML.parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS()).filter(Boolean));
}
process.exit(problems ? 1 : 0);
