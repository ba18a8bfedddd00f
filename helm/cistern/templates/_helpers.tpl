{{- define "cistern.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cistern.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cistern.labels" -}}
{{ include "cistern.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "cistern.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "cistern.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "cistern.config" -}}
{{- $listeners := list
      (dict "name" "udp" "udp" (dict "address" "0.0.0.0:5140"))
      (dict "name" "tcp" "tcp" (dict "address" "0.0.0.0:5140")) -}}
{{- if .Values.tls.enabled -}}
{{- $tls := dict "address" "0.0.0.0:6514" "cert_file" "/etc/cistern/tls/tls.crt" "key_file" "/etc/cistern/tls/tls.key"
      "client_auth" .Values.tls.clientAuth -}}
{{- if ne .Values.tls.clientAuth "none" -}}
{{- $_ := set $tls "client_ca_file" "/etc/cistern/tls/ca.crt" -}}
{{- end -}}
{{- $listeners = append $listeners (dict "name" "tls" "tls" $tls) -}}
{{- end -}}
{{- $base := dict "listeners" $listeners "storage" (dict "dir" "/data")
      "control" (dict "address" "127.0.0.1:5141") "http" (dict "address" "0.0.0.0:5142") -}}
{{- mergeOverwrite $base (deepCopy .Values.config) | toYaml -}}
{{- end -}}
