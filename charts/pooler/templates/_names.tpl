{{- define "pooler.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "pooler.fullname" -}}
{{- $name := include "pooler.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* fullname is 63 characters at most and a workload's name 52: an object's name may have 253. */}}
{{- define "pooler.objectName" -}}
{{- include "pooler.fullname" . }}{{ with .workload }}-{{ .name }}{{ end -}}
{{- end -}}

{{- define "pooler.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pooler.name" . }}
app.kubernetes.io/instance: {{ quote .Release.Name }}
{{- with .workload }}
app.kubernetes.io/component: {{ quote .name }}
{{- end }}
{{- end -}}

{{- define "pooler.labels" -}}
{{ include "pooler.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "pooler.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}
