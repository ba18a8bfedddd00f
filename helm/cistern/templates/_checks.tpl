{{/* What the schema cannot say: values that need or exclude each other. */}}
{{- define "cistern.check.certificate" -}}
{{- $v := .values -}}
{{- if and (not $v.secretName) (not $v.certManager.enabled) -}}
{{- fail (printf "%s.secretName is required, or %s.certManager.enabled=true" .key .key) -}}
{{- end -}}
{{- if and $v.certManager.enabled (not $v.certManager.issuerRef.name) -}}
{{- fail (printf "%s.certManager.issuerRef.name is required" .key) -}}
{{- end -}}
{{- end -}}

{{- define "cistern.check.grants" -}}
{{- $names := dict -}}
{{- range $i, $grant := .Values.control.grants -}}
{{- if eq (not $grant.identity) (not $grant.tokenSecret) -}}
{{- fail (printf "control.grants[%d] (%s) wants either identity or tokenSecret" $i $grant.name) -}}
{{- end -}}
{{- if and $grant.filter (or (has "operator" $grant.roles) (has "admin" $grant.roles)) -}}
{{- fail (printf "control.grants[%d] (%s): filter goes with the roles reader and ingester only" $i $grant.name) -}}
{{- end -}}
{{- if hasKey $names $grant.name -}}
{{- fail (printf "control.grants[%d]: the name %s is given twice" $i $grant.name) -}}
{{- end -}}
{{- $_ := set $names $grant.name true -}}
{{- end -}}
{{- end -}}

{{- define "cistern.checks" -}}
{{- with .Values -}}
{{- if not (regexMatch "^[^:@ ]+(:[0-9]+/[^:@ ]+)?$" .image.repository) -}}
{{- fail (printf "image.repository: %q is not a registry and a name only; what follows : or @ goes into image.tag or image.digest" .image.repository) -}}
{{- end -}}
{{- if not (regexMatch "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$" .persistence.size) -}}
{{- fail (printf "persistence.size: %q is not a size as Kubernetes writes it, such as 20Gi or 500Mi" .persistence.size) -}}
{{- end -}}
{{- range $key := list "listeners" "rules" "packs" "targets" -}}
{{- if hasKey $.Values.config $key -}}
{{- fail (printf "config.%s: use %s" $key (ternary "udp, tcp, tls and extraListeners" $key (eq $key "listeners"))) -}}
{{- end -}}
{{- end -}}
{{- if and .existingConfigMap (or .config .rules .packs .targets .extraListeners .control.grants) -}}
{{- fail "existingConfigMap excludes config, rules, packs, targets, extraListeners and control.grants: they stand in that ConfigMap" -}}
{{- end -}}
{{- if not (or .udp.enabled .tcp.enabled .tls.enabled .extraListeners) -}}
{{- fail "udp.enabled, tcp.enabled, tls.enabled: one must be true" -}}
{{- end -}}
{{- if .tls.enabled -}}{{- include "cistern.check.certificate" (dict "key" "tls" "values" .tls) -}}{{- end -}}
{{- if .control.enabled -}}
{{- include "cistern.check.certificate" (dict "key" "control.tls" "values" .control.tls) -}}
{{- if not (or .control.grants .existingConfigMap) -}}
{{- fail "control.grants is required with control.enabled=true: without grants nobody may do anything" -}}
{{- end -}}
{{- end -}}
{{- if and .metrics.enabled .metrics.tls.enabled (not .metrics.tls.secretName) -}}
{{- fail "metrics.tls.secretName is required with metrics.tls.enabled=true" -}}
{{- end -}}
{{- if and .metrics.enabled (not .metrics.anonymous) (not .metrics.tls.enabled) -}}
{{- fail "metrics.anonymous=false needs metrics.tls.enabled=true: tokens do not travel in the clear" -}}
{{- end -}}
{{- if and (not .metrics.enabled) (eq .probes.type "http") -}}
{{- fail "probes.type must be grpc with metrics.enabled=false: kubelet cannot reach the HTTP port" -}}
{{- end -}}
{{- if and (not .metrics.enabled) .serviceMonitor.enabled -}}
{{- fail "serviceMonitor.enabled needs metrics.enabled=true" -}}
{{- end -}}
{{- if and .persistence.existingClaim (gt (int .replicaCount) 1) -}}
{{- fail "persistence.existingClaim is for one pod; replicaCount must be 1" -}}
{{- end -}}
{{- include "cistern.check.grants" $ -}}
{{- end -}}
{{- end -}}
