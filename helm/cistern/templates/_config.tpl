{{/* The certificate files of (dict "mount" FOLDER "auth" client_auth). */}}
{{- define "cistern.config.certificate" -}}
cert_file: {{ .mount }}/tls.crt
key_file: {{ .mount }}/tls.key
client_auth: {{ .auth }}
{{- if ne .auth "none" }}
client_ca_file: {{ .mount }}/ca.crt
{{- end }}
{{- end -}}

{{- define "cistern.config.listeners" -}}
{{- $listeners := list -}}
{{- $bind := .Values.bindAddress -}}
{{- range $kind := list "udp" "tcp" "tls" -}}
{{- $values := index $.Values $kind -}}
{{- if $values.enabled -}}
{{- $settings := dict "address" (printf "%s:%s" $bind (ternary "6514" "5140" (eq $kind "tls"))) -}}
{{- if eq $kind "tls" -}}
{{- $certificate := include "cistern.config.certificate" (dict "mount" "/etc/cistern/tls" "auth" $values.clientAuth) | fromYaml -}}
{{- $settings = merge $settings $certificate -}}
{{- end -}}
{{- $listener := dict "name" $kind $kind $settings -}}
{{- $listeners = append $listeners (mergeOverwrite $listener (deepCopy $values.listener)) -}}
{{- end -}}
{{- end -}}
{{- concat $listeners .Values.extraListeners | toYaml -}}
{{- end -}}

{{- define "cistern.config.control" -}}
{{- if .Values.control.enabled }}
address: {{ printf "%s:5141" .Values.bindAddress | quote }}
tls:
  {{- include "cistern.config.certificate" (dict "mount" "/etc/cistern/control-tls" "auth" .Values.control.tls.clientAuth) | nindent 2 }}
{{- else }}
address: 127.0.0.1:5141
{{- end }}
{{- with .Values.control.grants }}
grants:
  {{- range . }}
  - name: {{ .name | quote }}
    roles: {{ toJson .roles }}
    {{- if .tokenSecret }}
    token_file: /etc/cistern/tokens/{{ .name }}/token
    {{- else }}
    identity: {{ .identity | quote }}
    {{- end }}
    {{- with .filter }}
    filter: {{ . | quote }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "cistern.config.http" -}}
{{- if .Values.metrics.enabled }}
address: {{ printf "%s:5142" .Values.bindAddress | quote }}
{{- if .Values.metrics.anonymous }}
anonymous: true
{{- end }}
{{- if .Values.metrics.tls.enabled }}
tls:
  {{- include "cistern.config.certificate" (dict "mount" "/etc/cistern/metrics-tls" "auth" .Values.metrics.tls.clientAuth) | nindent 2 }}
{{- end }}
{{- else }}
address: 127.0.0.1:5142
{{- end }}
{{- end -}}

{{/* 80 % of the volume, in MiB; nothing when the size is not in Mi, Gi or Ti. */}}
{{- define "cistern.config.maxBytes" -}}
{{- $mebibytes := dict "Mi" 1 "Gi" 1024 "Ti" 1048576 -}}
{{- if and .Values.persistence.enabled (not .Values.persistence.existingClaim) (regexMatch "^[0-9]+(Mi|Gi|Ti)$" .Values.persistence.size) -}}
{{- $number := regexFind "^[0-9]+" .Values.persistence.size | int64 -}}
{{- $unit := regexFind "[A-Z]i$" .Values.persistence.size -}}
{{- div (mul $number (index $mebibytes $unit) 4) 5 -}}MiB
{{- end -}}
{{- end -}}

{{- define "cistern.config" -}}
{{- $storage := dict "dir" "/var/lib/cistern" -}}
{{- with include "cistern.config.maxBytes" . -}}
{{- $_ := set $storage "retention" (dict "max_bytes" .) -}}
{{- end -}}
{{- $config := dict "listeners" (include "cistern.config.listeners" . | fromYamlArray) "storage" $storage
      "control" (include "cistern.config.control" . | fromYaml) "http" (include "cistern.config.http" . | fromYaml) -}}
{{- range $key := list "rules" "packs" "targets" -}}
{{- with index $.Values $key -}}
{{- $_ := set $config $key . -}}
{{- end -}}
{{- end -}}
{{- mergeOverwrite $config (deepCopy .Values.config) | toYaml -}}
{{- end -}}
