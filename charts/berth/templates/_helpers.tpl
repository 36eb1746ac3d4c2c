{{/* Names are fixed: one namespace holds one installation, and Helm refuses a second release that wants the same ones. */}}

{{/* Of what stands outside of the namespace, so that installations don't collide: (dict "root" $ "name" "view") */}}
{{- define "berth.clusterName" -}}
{{ .root.Release.Name }}.{{ .root.Release.Namespace }}.berth-{{ .name }}
{{- end }}

{{/* (dict "root" $ "component" "operator") */}}
{{- define "berth.selector" -}}
app.kubernetes.io/name: berth-{{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "berth.labels" -}}
{{ include "berth.selector" . }}
{{ include "berth.commonLabels" .root }}
{{- end }}

{{- define "berth.commonLabels" -}}
app.kubernetes.io/part-of: berth
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Of pods: what does not change with the chart's version, so that an upgrade restarts only what it changes. */}}
{{- define "berth.podLabels" -}}
{{ include "berth.selector" . }}
app.kubernetes.io/part-of: berth
{{- with .more }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "berth.image" -}}
{{ .root.Values.image.registry }}/{{ .name }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* The Secret of the processes. */}}
{{- define "berth.secretName" -}}
{{- if .Values.postgres.enabled -}}
{{- if .Values.secrets.existingSecret -}}
{{- fail "\n\nsecrets.existingSecret and postgres.enabled are both set. Leave postgres.enabled out to use your own database; or leave secrets.existingSecret out to try Berth with a Postgres of the chart's." -}}
{{- end -}}
berth-worker
{{- else -}}
{{- required "\n\nBerth needs a Postgres and three secrets. Put them into a Secret and name it:\n\n  kubectl -n NAMESPACE create secret generic berth-worker \\\n    --from-literal=DATABASE_URL=postgres://user:password@host:5432/berth \\\n    --from-literal=BERTH_INTERNAL_TOKEN=$(openssl rand -hex 24) \\\n    --from-literal=BERTH_ENCRYPTION_KEYS=1:$(openssl rand -base64 32)\n  helm ... --set secrets.existingSecret=berth-worker\n\nOr, for a trial with a Postgres and a WhatsApp simulator of the chart's: helm ... -f values-trial.yaml\n" .Values.secrets.existingSecret -}}
{{- end -}}
{{- end }}

{{/* One variable from the Secret: (dict "root" $ "key" "DATABASE_URL") */}}
{{- define "berth.secretEnv" -}}
- name: {{ .key }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | default (include "berth.secretName" .root) }}
      key: {{ .key }}
{{- end }}

{{- define "berth.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "berth.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where pods of a component run: (dict "root" $ "component" "operator" "values" .Values.operator) */}}
{{- define "berth.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- else }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      # No spread constraint: nodes without the label would leave all of those without effect.
      - weight: 100
        podAffinityTerm:
          topologyKey: topology.kubernetes.io/zone
          labelSelector:
            matchLabels:
              {{- include "berth.selector" $ | nindent 14 }}
{{- end }}
topologySpreadConstraints:
{{- with .values.topologySpreadConstraints }}
  {{- toYaml . | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "berth.selector" $ | nindent 8 }}
{{- end }}
{{- end }}

{{/* What all worker pods have in common, for the operator. */}}
{{- define "berth.workerPod" -}}
{{- $worker := .Values.worker -}}
{{- $env := list (dict "name" "LOG_LEVEL" "value" .Values.logLevel) -}}
{{- $url := include "berth.whatsappUrl" . -}}
{{- if $url -}}
{{- $env = append $env (dict "name" "BERTH_WHATSAPP_URL" "value" $url) -}}
{{- end -}}
{{- with ternary (include "berth.simulatorRootPublic" .) .Values.whatsapp.rootKey .Values.simulator.enabled -}}
{{- $env = append $env (dict "name" "BERTH_WHATSAPP_ROOT" "value" .) -}}
{{- end -}}
{{- with include "berth.mediaUrl" . -}}
{{- $env = append $env (dict "name" "BERTH_MEDIA_URL" "value" .) -}}
{{- end -}}
{{- if .Values.cloudApi.enabled -}}
{{- /* Named, though it is in the Secret of which workers get all: so that they are replaced, and say when it is missing. */ -}}
{{- $env = concat $env (include "berth.secretEnv" (dict "root" . "key" "BERTH_CHANNEL_KEYS") | fromYamlArray) -}}
{{- end -}}
{{- $labels := dict "app.kubernetes.io/instance" .Release.Name "app.kubernetes.io/part-of" "berth" -}}
{{- $pod := dict "labels" (merge (dict) $labels $worker.podLabels) "env" (concat $env $worker.extraEnv) "imagePullPolicy" .Values.image.pullPolicy -}}
{{- with $worker.podAnnotations }}{{- $_ := set $pod "annotations" . -}}{{- end -}}
{{- if .Values.media.volume.enabled -}}
{{- $_ := set $pod "volumes" (include "berth.mediaVolumes" . | fromYamlArray) -}}
{{- $_ := set $pod "volumeMounts" (include "berth.mediaMounts" . | fromYamlArray) -}}
{{- $_ := set $pod "securityContext" (include "berth.mediaSecurity" . | fromYaml) -}}
{{- end -}}
{{- with .Values.imagePullSecrets }}{{- $_ := set $pod "imagePullSecrets" . -}}{{- end -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" -}}
{{- with get $worker $field }}{{- $_ := set $pod $field . -}}{{- end -}}
{{- end -}}
{{ toJson $pod }}
{{- end }}

{{/* Empty: the real one. */}}
{{- define "berth.whatsappUrl" -}}
{{- if and .Values.simulator.enabled .Values.whatsapp.url -}}
{{- fail "\n\nsimulator.enabled and whatsapp.url are both set. Which WhatsApp should the workers use? Leave one of them out." -}}
{{- end -}}
{{- if .Values.simulator.enabled -}}
ws://berth-simulator:7800/ws/chat
{{- else -}}
{{ .Values.whatsapp.url }}
{{- end -}}
{{- end }}

{{/* Where files are kept; empty: nowhere. */}}
{{- define "berth.mediaUrl" -}}
{{- if and .Values.media.url .Values.media.volume.enabled -}}
{{- fail "\n\nmedia.url and media.volume.enabled are both set. Where should files be kept? Leave one of them out." -}}
{{- end -}}
{{- if .Values.media.volume.enabled -}}
file:///media
{{- else -}}
{{ .Values.media.url }}
{{- end -}}
{{- end }}

{{/* Of the pods that write files to the volume. */}}
{{- define "berth.mediaVolumes" -}}
- name: media
  persistentVolumeClaim: {claimName: {{ .Values.media.volume.existingClaim | default "berth-media" }}}
{{- end }}
{{- define "berth.mediaMounts" -}}
- {name: media, mountPath: /media}
{{- end }}
{{/* A new volume is given to their group once: it may hold millions of files. Where there is no such thing, as with NFS, its
     own rights decide. */}}
{{- define "berth.mediaSecurity" -}}
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
{{- end }}

{{/* What the trial's simulator proves itself with, and what workers know it by. No secret: nothing real is behind it. */}}
{{- define "berth.simulatorRootPrivate" -}}cAu9jrZr3RSpRc8376eG9Gj3Sk+GSGPLcjMUv9kw+m0={{- end }}
{{- define "berth.simulatorRootPublic" -}}yfPkQusqq4VuqovP4wwXcLg0h3g+pctjmHP36tpxfyY={{- end }}

{{/* A trial's database is there only after the first hooks: there the processes' pods migrate it, each before it starts. */}}
{{- define "berth.initContainers" -}}
{{- if .Values.postgres.enabled }}
initContainers:
  - name: database
    image: {{ include "berth.image" (dict "root" . "name" "operator") }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    command: [node, /app/berth.js, prepare, --no-crds, --timeout, {{ .Values.jobs.databaseTimeoutSeconds | quote }}]
    env:
      {{- include "berth.secretEnv" (dict "root" . "key" "DATABASE_URL") | nindent 6 }}
    resources:
      {{- toYaml .Values.jobs.resources | nindent 6 }}
    securityContext:
      {{- include "berth.containerSecurity" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* Where the pods of hooks and tests run. */}}
{{- define "berth.jobScheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.jobs.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.jobs.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
