{{/* A Service for senders: (dict "root" . "name" NAME "own" its own values "ports" list). */}}
{{- define "cistern.syslogService" -}}
{{- $service := .root.Values.service -}}
{{- $external := ne $service.type "ClusterIP" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  labels:
    {{- include "cistern.labels" .root | nindent 4 }}
    app.kubernetes.io/component: syslog
  {{- with mergeOverwrite (deepCopy $service.annotations) (deepCopy (.own.annotations | default dict)) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type }}
  {{- if $external }}
  externalTrafficPolicy: {{ $service.externalTrafficPolicy }}
  {{- end }}
  {{- if eq $service.type "LoadBalancer" }}
  {{- with .own.loadBalancerIP }}
  loadBalancerIP: {{ . }}
  {{- end }}
  {{- with $service.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with $service.ipFamilyPolicy }}
  ipFamilyPolicy: {{ . }}
  {{- end }}
  {{- with $service.ipFamilies }}
  ipFamilies:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  sessionAffinity: {{ $service.sessionAffinity }}
  selector:
    {{- include "cistern.selectorLabels" .root | nindent 4 }}
  ports:
    {{- range .ports }}
    - {{ ternary . (omit . "nodePort") (and $external (not (empty .nodePort))) | toYaml | nindent 6 | trim }}
    {{- end }}
{{- end -}}

{{/* A Service wants a port; without metrics and gRPC that of a listener. */}}
{{- define "cistern.headlessPorts" -}}
{{- if .Values.metrics.enabled }}
- {name: http, port: 5142, targetPort: http, protocol: TCP}
{{- end }}
{{- if .Values.control.enabled }}
- {name: grpc, port: 5141, targetPort: grpc, protocol: TCP}
{{- end }}
{{- if not (or .Values.metrics.enabled .Values.control.enabled) }}
- {name: syslog, port: 5140, protocol: TCP}
{{- end }}
{{- end -}}
