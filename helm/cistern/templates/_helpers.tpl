{{/* Names leave room for what Kubernetes and this chart append: 52 characters for a StatefulSet. */}}
{{- define "cistern.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "cistern.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cistern.commonLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "cistern.labels" -}}
{{ include "cistern.selectorLabels" . }}
{{ include "cistern.commonLabels" . }}
{{- end -}}

{{/* Of the pod of `helm test`, which no Service may select. */}}
{{- define "cistern.testLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 58 | trimSuffix "-" }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cistern.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "cistern.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "cistern.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cistern.tlsSecret" -}}
{{- .Values.tls.secretName | default (printf "%s-tls" (include "cistern.fullname" .)) -}}
{{- end -}}

{{- define "cistern.controlSecret" -}}
{{- .Values.control.tls.secretName | default (printf "%s-control-tls" (include "cistern.fullname" .)) -}}
{{- end -}}

{{/* A probe: (dict "root" . "probe" livenessProbe "path" "/healthz" "args" list of cisternctl's) */}}
{{- define "cistern.probe" -}}
{{- $p := omit .probe "enabled" -}}
{{- if not (or $p.httpGet $p.exec $p.tcpSocket $p.grpc) -}}
{{- if eq .root.Values.probes.type "grpc" -}}
{{- $_ := set $p "exec" (dict "command" (concat (list "cisternctl" "--quiet" "status") .args)) -}}
{{- else -}}
{{- $get := dict "path" .path "port" "http" -}}
{{- if .root.Values.metrics.tls.enabled -}}{{- $_ := set $get "scheme" "HTTPS" -}}{{- end -}}
{{- $_ := set $p "httpGet" $get -}}
{{- end -}}
{{- end -}}
{{- toYaml $p -}}
{{- end -}}

{{/* Whether `helm test` can ask over gRPC. */}}
{{- define "cistern.testAsksGrpc" -}}
{{- if and .Values.control.enabled (or .Values.tests.tokenSecret .Values.tests.clientSecretName) -}}yes{{- end -}}
{{- end -}}

{{/* Whether it can read /metrics. */}}
{{- define "cistern.testReadsMetrics" -}}
{{- if and .Values.metrics.enabled .Values.metrics.anonymous (not .Values.metrics.tls.enabled) -}}yes{{- end -}}
{{- end -}}
