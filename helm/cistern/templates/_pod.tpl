{{/* Keys that are taken over as they are, when they have a value. */}}
{{- define "cistern.podScheduling" -}}
{{- $given := dict -}}
{{- range $key := list "imagePullSecrets" "priorityClassName" "schedulerName" "runtimeClassName" "dnsPolicy" "dnsConfig" "hostAliases" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "initContainers" -}}
{{- with index $.Values $key -}}{{- $_ := set $given $key . -}}{{- end -}}
{{- end -}}
{{- if $given -}}{{- toYaml $given -}}{{- end -}}
{{- end -}}

{{- define "cistern.podSpec" -}}
serviceAccountName: {{ include "cistern.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with include "cistern.podScheduling" . }}
{{ . }}
{{- end }}
containers:
  - name: cistern
    image: {{ include "cistern.image" . | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    {{- with .Values.extraArgs }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    env:
      - {name: CISTERN_CONFIG, value: /etc/cistern/config/cistern.yaml}
      - {name: CISTERN_ADDR, value: "unix:/var/lib/cistern/control.sock"}
      {{- with .Values.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.envFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- toYaml .Values.securityContext | nindent 6 }}
    ports:
      {{- include "cistern.containerPorts" . | trim | nindent 6 }}
    {{- if and .Values.startupProbe (ne .Values.startupProbe.enabled false) }}
    startupProbe:
      {{- include "cistern.probe" (dict "root" . "probe" .Values.startupProbe "path" "/healthz" "args" list) | nindent 6 }}
    {{- end }}
    {{- if and .Values.livenessProbe (ne .Values.livenessProbe.enabled false) }}
    livenessProbe:
      {{- include "cistern.probe" (dict "root" . "probe" .Values.livenessProbe "path" "/healthz" "args" list) | nindent 6 }}
    {{- end }}
    {{- if and .Values.readinessProbe (ne .Values.readinessProbe.enabled false) }}
    readinessProbe:
      {{- include "cistern.probe" (dict "root" . "probe" .Values.readinessProbe "path" "/readyz" "args" (list "--wait-ready" "1s")) | nindent 6 }}
    {{- end }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      {{- include "cistern.volumeMounts" . | nindent 6 }}
  {{- with .Values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  {{- include "cistern.volumes" . | nindent 2 }}
{{- end -}}

{{- define "cistern.containerPorts" -}}
{{- if .Values.udp.enabled }}
- {name: syslog-udp, containerPort: 5140, protocol: UDP}
{{- end }}
{{- if .Values.tcp.enabled }}
- {name: syslog-tcp, containerPort: 5140, protocol: TCP}
{{- end }}
{{- if .Values.tls.enabled }}
- {name: syslog-tls, containerPort: 6514, protocol: TCP}
{{- end }}
{{- if .Values.control.enabled }}
- {name: grpc, containerPort: 5141, protocol: TCP}
{{- end }}
{{- if .Values.metrics.enabled }}
- {name: http, containerPort: 5142, protocol: TCP}
{{- end }}
{{- with .Values.extraContainerPorts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes of Secrets: name, secret, folder below /etc/cistern, and for a token its key. */}}
{{- define "cistern.secretVolumes" -}}
{{- $volumes := list -}}
{{- if .Values.tls.enabled -}}
{{- $volumes = append $volumes (dict "name" "tls" "secret" (include "cistern.tlsSecret" .) "folder" "tls") -}}
{{- end -}}
{{- if .Values.control.enabled -}}
{{- $volumes = append $volumes (dict "name" "control-tls" "secret" (include "cistern.controlSecret" .) "folder" "control-tls") -}}
{{- end -}}
{{- if and .Values.metrics.enabled .Values.metrics.tls.enabled -}}
{{- $volumes = append $volumes (dict "name" "metrics-tls" "secret" .Values.metrics.tls.secretName "folder" "metrics-tls") -}}
{{- end -}}
{{- range .Values.control.grants -}}
{{- if .tokenSecret -}}
{{- $volumes = append $volumes (dict "name" (printf "token-%s" .name) "secret" .tokenSecret.name "key" .tokenSecret.key "folder" (printf "tokens/%s" .name)) -}}
{{- end -}}
{{- end -}}
{{- range .Values.secretMounts -}}
{{- $volumes = append $volumes (dict "name" (printf "secret-%s" (. | replace "." "-" | trunc 56 | trimSuffix "-")) "secret" . "folder" (printf "secrets/%s" .)) -}}
{{- end -}}
{{- toYaml $volumes -}}
{{- end -}}

{{/* The same for people: each Secret once, with the keys that it must have. */}}
{{- define "cistern.secretsNeeded" -}}
{{- $keys := dict -}}
{{- range include "cistern.secretVolumes" . | fromYamlArray -}}
{{- $wanted := list -}}
{{- if .key -}}{{- $wanted = list .key -}}
{{- else if not (hasPrefix "secrets/" .folder) -}}{{- $wanted = list "tls.crt" "tls.key" -}}
{{- if ne "none" (dict "tls" $.Values.tls "control-tls" $.Values.control.tls "metrics-tls" $.Values.metrics.tls | dig .name "clientAuth" "none") -}}{{- $wanted = append $wanted "ca.crt" -}}{{- end -}}
{{- end -}}
{{- $_ := set $keys .secret (concat (get $keys .secret | default list) $wanted | uniq) -}}
{{- end -}}
{{- $lines := list -}}
{{- range $secret, $wanted := $keys -}}
{{- $lines = append $lines (empty $wanted | ternary $secret (printf "%s with %s" $secret (join ", " $wanted))) -}}
{{- end -}}
{{- toYaml $lines -}}
{{- end -}}

{{- define "cistern.volumeMounts" -}}
- name: data
  mountPath: /var/lib/cistern
  {{- with .Values.persistence.subPath }}
  subPath: {{ . }}
  {{- end }}
- {name: config, mountPath: /etc/cistern/config, readOnly: true}
{{- range include "cistern.secretVolumes" . | fromYamlArray }}
- {name: {{ .name }}, mountPath: /etc/cistern/{{ .folder }}, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "cistern.volumes" -}}
- name: config
  configMap: {name: {{ .Values.existingConfigMap | default (include "cistern.fullname" .) }}}
{{- range include "cistern.secretVolumes" . | fromYamlArray }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: {{ 0440 }}
    {{- with .key }}
    items: [{key: {{ . | quote }}, path: token}]
    {{- end }}
{{- end }}
{{- if not .Values.persistence.enabled }}
- name: data
  emptyDir: {}
{{- else if .Values.persistence.existingClaim }}
- name: data
  persistentVolumeClaim: {claimName: {{ .Values.persistence.existingClaim }}}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the pods of hooks have in common. */}}
{{- define "cistern.hookPod" -}}
restartPolicy: Never
automountServiceAccountToken: false
enableServiceLinks: false
{{- range $key := list "imagePullSecrets" "nodeSelector" "tolerations" }}
{{- with index $.Values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end -}}
