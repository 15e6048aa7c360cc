{{/*
The scope of one workload of a node: templates that find .workload in theirs speak of that one's pooler.
Called with (dict "root" $ "workload" …); a dict can't be returned, so it is set into .into.
*/}}
{{- define "pooler.scopeOf" -}}
{{- $_ := set .into "scope" (dict "Values" .root.Values "Chart" .root.Chart "Release" .root.Release "workload" .workload) -}}
{{- end -}}

{{/* The databases of this pooler, as a list under the key "all": templates return text only. */}}
{{- define "pooler.databases" -}}
{{- $all := .Values.databases -}}
{{- with .workload -}}
{{- $user := .user -}}
{{- $all = list -}}
{{- range .databases }}{{ $all = append $all (merge (dict "user" $user) .) }}{{ end -}}
{{- end -}}
{{- toYaml (dict "all" $all) -}}
{{- end -}}

{{/* A database's secret below /run/secrets/pooler. No name has a dot, so no two files meet. */}}
{{- define "pooler.passwordFile" -}}
{{- .name | replace "*" "any.database" -}}
{{- end -}}
{{- define "pooler.caFile" -}}
{{- include "pooler.passwordFile" . -}}.ca.crt
{{- end -}}

{{- define "pooler.socket" -}}
{{- eq . "mysql" | ternary "mysql.sock" ".s.PGSQL.5432" -}}
{{- end -}}

{{- define "pooler.database" -}}
{{- $entry := omit . "name" "existingSecret" "tls" "pool" -}}
{{- if .existingSecret -}}
{{- $_ := set $entry "password" (dict "file" (printf "/run/secrets/pooler/%s" (include "pooler.passwordFile" .))) -}}
{{- end -}}
{{- with .tls -}}
{{- $tls := dict "mode" .mode -}}
{{- if .existingSecret }}{{ $_ := set $tls "ca" (printf "/run/secrets/pooler/%s" (include "pooler.caFile" $)) }}{{ end -}}
{{- $_ := set $entry "tls" $tls -}}
{{- end -}}
{{- $_ := set $entry "pool" (mergeOverwrite (dict "min-idle" 0) (.pool | default dict)) -}}
{{- toYaml $entry -}}
{{- end -}}

{{/* What a schema can't say. */}}
{{- define "pooler.check" -}}
{{- $databases := dict -}}
{{- range (include "pooler.databases" . | fromYaml).all -}}
{{- if hasKey $databases .name }}{{ fail (printf "databases: %q is there twice" .name) }}{{ end -}}
{{- $_ := set $databases .name true -}}
{{- end -}}
{{- if eq .Values.mode "daemonset" -}}
{{- if kindIs "invalid" .Values.uid }}{{ fail "uid: null is for mode sidecar; a DaemonSet needs a uid that no workload has" }}{{ end -}}
{{- $uids := dict (toString (int64 .Values.uid)) "pooler itself" -}}
{{- $names := dict -}}
{{- range .Values.workloads -}}
{{- $uid := toString (int64 .uid) -}}
{{- if hasKey $uids $uid }}{{ fail (printf "workloads: uid %s of %q is also that of %s: one would be let in as the other" $uid .name (get $uids $uid)) }}{{ end -}}
{{- if hasKey $names .name }}{{ fail (printf "workloads: %q is there twice" .name) }}{{ end -}}
{{- $_ := set $uids $uid .name -}}
{{- $_ := set $names .name true -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The whole pooler.yaml. */}}
{{- define "pooler.config" -}}
{{- include "pooler.check" . -}}
listen:
{{- with .workload }}
{{- $workload := . }}
{{- range .protocols | default (list "postgres") }}
  - protocol: {{ . }}
    address: {{ printf "unix:/run/pooler/%s/%s" $workload.name (include "pooler.socket" .) | quote }}
    mode: "0660"
    auth: peer
    allow-uids: { {{- int64 $workload.uid }}: {{ $workload.user | quote -}} }
{{- end }}
{{- else }}
{{- range .Values.listen }}
  - protocol: {{ .protocol }}
    address: {{ printf "unix:/run/pooler/%s" (include "pooler.socket" .protocol) | quote }}
    mode: {{ .mode | default "0660" | quote }}
    auth: peer
    {{- with index . "allow-uids" }}
    allow-uids:
      {{- range $uid, $user := . }}
      {{ $uid }}: {{ $user | quote }}
      {{- end }}
    {{- end }}
{{- end }}
{{- end }}
http:
  address: {{ printf "%s:%d" .Values.http.host (int .Values.http.port) | quote }}
databases:
{{- range (include "pooler.databases" . | fromYaml).all }}
  {{ .name | quote }}:
    {{- include "pooler.database" . | nindent 4 }}
{{- end }}
limits:
  clients: {{ int64 .Values.limits.clients }}
  memory: {{ .Values.limits.memory }}
  session-memory: {{ index .Values.limits "session-memory" }}
  drain: {{ .Values.limits.drain }}
{{- end -}}

{{/* The URL for the first database over a socket in the directory .path. */}}
{{- define "pooler.jdbcUrl" -}}
{{- $database := eq .database "*" | ternary "" .database -}}
{{- if eq .protocol "mysql" -}}
jdbc:mysql://localhost/{{ $database }}?socketFactory=org.newsclub.net.mysql.AFUNIXDatabaseSocketFactory&junixsocket.file={{ .path }}/mysql.sock&sslMode=DISABLED
{{- else -}}
jdbc:postgresql://localhost/{{ $database }}?socketFactory=org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg&socketFactoryArg={{ .path }}/.s.PGSQL.5432
{{- end -}}
{{- end -}}
