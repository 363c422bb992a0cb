{{- define "yardlight.labels" -}}
{{ include "yardlight.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "yardlight.selector" -}}
app.kubernetes.io/name: yardlight
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "yardlight.group" -}}
{{ get .Values.settings "group" | default "yardlight" }}
{{- end }}

{{- define "yardlight.port" -}}
{{ get .Values.settings "metrics-port" | default 9108 | int }}
{{- end }}

{{/* Frames in flight get the drain budget; then outcomes are flushed, positions committed, the group left. */}}
{{- define "yardlight.graceSeconds" -}}
{{ add (get .Values.settings "drain-seconds" | default 5 | ceil | int) 20 }}
{{- end }}

{{/* The service's settings as TOML, each on a line of its own. Helm takes large integers for floats. */}}
{{- define "yardlight.toml" -}}
bundle = {{ .Values.bundle.path | quote }}
engine-cache = "/var/lib/yardlight/engines"
{{- range $name, $value := .Values.settings }}
{{- if and (kindIs "float64" $value) (eq $value (floor $value)) }}{{ $value = int64 $value }}{{ end }}
{{ $name }} = {{ $value | toJson }}
{{- end }}
{{- end }}
