{{- define "yardlight.pod" -}}
metadata:
  labels: {{- include "yardlight.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # Other settings are another pod: the service reads them once, when it starts.
    checksum/settings: {{ include "yardlight.toml" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  # It needs nothing of the cluster's API.
  automountServiceAccountToken: false
  enableServiceLinks: false # its variables would be taken for settings
  terminationGracePeriodSeconds: {{ include "yardlight.graceSeconds" . }}
  {{- with .Values.gpu.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- range $part := list "imagePullSecrets" "nodeSelector" "tolerations" "affinity" }}
  {{- with get $.Values $part }}
  {{ $part }}: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: {{ .Values.user | int }}
    runAsGroup: {{ .Values.user | int }}
    fsGroup: {{ .Values.user | int }}
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: yardlight
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [run]
      env:
        - {name: YARDLIGHT_CONFIG, value: /etc/yardlight/yardlight.toml}
        - {name: HOME, value: /var/lib/yardlight}
        {{- if eq .Values.kind "DaemonSet" }}
        # In roll-outs a pod is what its node is called: the one after it goes on with what is kept there.
        - name: YARDLIGHT_NODE
          valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
        {{- end }}
      ports:
        - {name: metrics, containerPort: {{ include "yardlight.port" . }}, protocol: TCP}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      startupProbe:
        httpGet: {path: /health/startup, port: metrics}
        # With an engine in the cache it is ready in a second or two, and need not wait to be asked.
        periodSeconds: 1
        failureThreshold: {{ mul .Values.engineBuildMinutes 60 | add 120 }} # two minutes more
      readinessProbe:
        httpGet: {path: /health/ready, port: metrics}
        periodSeconds: 5
      livenessProbe:
        httpGet: {path: /health/live, port: metrics}
        periodSeconds: 10
        failureThreshold: 3
      resources: {{- include "yardlight.resources" . | nindent 8 }}
      volumeMounts:
        - {name: settings, mountPath: /etc/yardlight/yardlight.toml, subPath: yardlight.toml, readOnly: true}
        - {name: home, mountPath: /var/lib/yardlight}
        - {name: tmp, mountPath: /tmp}
        {{- if .Values.bundle.volume }}
        - {name: bundle, mountPath: {{ .Values.bundle.path | quote }}, readOnly: true}
        {{- end }}
        {{- if .Values.secretName }}
        - {name: secrets, mountPath: /etc/yardlight/secrets, readOnly: true}
        {{- end }}
  volumes:
    - name: settings
      configMap: {name: {{ .Release.Name }}-settings}
    - name: home
      {{- toYaml (.Values.cache | default (dict "emptyDir" (dict))) | nindent 6 }}
    - {name: tmp, emptyDir: {}}
    {{- with .Values.bundle.volume }}
    - name: bundle
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .Values.secretName }}
    - name: secrets
      secret: {secretName: {{ . }}, defaultMode: 0400}
    {{- end }}
{{- end }}

{{- define "yardlight.resources" -}}
{{- $resources := deepCopy .Values.resources }}
{{- if .Values.gpu.count }}
{{- $limits := merge (dict .Values.gpu.resource (.Values.gpu.count | int)) (get $resources "limits" | default dict) }}
{{- $_ := set $resources "limits" $limits }}
{{- end }}
{{- toYaml $resources }}
{{- end }}
