{{/* pooler's own container, the same in both modes but for the sockets' mounts. */}}
{{- define "pooler.container" -}}
name: pooler
image: {{ include "pooler.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [/opt/pooler/bin/pooler, run, --config, /etc/pooler/pooler.yaml]
ports:
  - {name: pooler-http, containerPort: {{ int .Values.http.port }}, protocol: TCP}
# A minute for the first target; from then on /live alone decides about a restart, so that a database's outage is none.
startupProbe:
  httpGet: {path: /ready, port: pooler-http}
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  httpGet: {path: /ready, port: pooler-http}
  periodSeconds: 5
livenessProbe:
  httpGet: {path: /live, port: pooler-http}
  periodSeconds: 10
  timeoutSeconds: 5
securityContext:
  {{- include "pooler.securityContext" . | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - {name: pooler-config, mountPath: /etc/pooler, readOnly: true}
  {{- if include "pooler.secretSources" . }}
  - {name: pooler-secrets, mountPath: /run/secrets/pooler, readOnly: true}
  {{- end }}
  - {name: pooler-tmp, mountPath: /tmp}
  - {name: pooler-socket, mountPath: {{ include "pooler.socketDirectory" . }}}
{{- end -}}

{{- define "pooler.socketDirectory" -}}
/run/pooler{{ with .workload }}/{{ .name }}{{ end }}
{{- end -}}

{{- define "pooler.user" -}}
{{- if not (kindIs "invalid" .Values.uid) -}}
runAsUser: {{ int64 .Values.uid }}
{{- end }}
{{- if not (kindIs "invalid" .Values.gid) }}
runAsGroup: {{ int64 .Values.gid }}
{{- end }}
{{- end -}}

{{- define "pooler.securityContext" -}}
runAsNonRoot: true
{{- with include "pooler.user" . | trim }}
{{ . }}
{{- end }}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "pooler.secretSources" -}}
{{- range (include "pooler.databases" . | fromYaml).all }}
{{- $database := . }}
{{- with .existingSecret }}
- secret: {name: {{ quote .name }}, items: [{key: {{ quote .key }}, path: {{ include "pooler.passwordFile" $database | quote }}}]}
{{- end }}
{{- with (.tls | default dict).existingSecret }}
- secret: {name: {{ quote .name }}, items: [{key: {{ quote .key }}, path: {{ include "pooler.caFile" $database | quote }}}]}
{{- end }}
{{- end }}
{{- end -}}

{{/* All but the sockets. /tmp is where the native transports are unpacked: the root file system is read-only. */}}
{{- define "pooler.volumes" -}}
- name: pooler-config
  configMap: {name: {{ include "pooler.objectName" . }}}
{{- with include "pooler.secretSources" . | trim }}
- name: pooler-secrets
  projected:
    defaultMode: 0444
    sources:
      {{- . | nindent 6 }}
{{- end }}
- name: pooler-tmp
  emptyDir: {sizeLimit: 32Mi}
{{- end -}}

{{/* Rolls the Pods when the configuration changes. */}}
{{- define "pooler.annotations" -}}
checksum/config: {{ include "pooler.config" . | sha256sum }}
{{- end -}}
