{{/*
For charts that bring their own Pods (README.md). Each is a list, to be put under the key of its name, and takes
pooler's scope: .Subcharts.pooler in a chart that depends on this one.
*/}}

{{/* restartPolicy: Always makes it a native sidecar: ready before the app starts, stopped after the app has ended. */}}
{{- define "pooler.sidecar.initContainer" -}}
- restartPolicy: Always
  {{- include "pooler.container" . | nindent 2 }}
{{- end -}}

{{- define "pooler.sidecar.volumes" -}}
{{ include "pooler.volumes" . }}
- name: pooler-socket
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- end -}}

{{/* For the app's container. A read-only mount is enough to connect, and the app can't replace the socket. */}}
{{- define "pooler.sidecar.volumeMounts" -}}
- {name: pooler-socket, mountPath: {{ .Values.sidecar.app.socketPath }}, readOnly: true}
{{- end -}}

{{- define "pooler.sidecar.annotations" -}}
{{ include "pooler.annotations" . }}
{{- end -}}

{{/* The text for a DataSource, over the first listener to the first database. */}}
{{- define "pooler.sidecar.jdbcUrl" -}}
{{- include "pooler.jdbcUrl" (dict "protocol" (first .Values.listen).protocol "database" (first .Values.databases).name "path" .Values.sidecar.app.socketPath) -}}
{{- end -}}
