/** What kube-apiserver does to pods beyond their schema: the defaults that users see, and the obvious checks. */
import type { Cause } from './api-error.ts'
import { invalidValue, requiredValue } from './names.ts'
import { asArray, asRecord, equal, isRecord, type Json, type KubeObject } from './object.ts'

/** Changes the pod. */
export function completePod(pod: KubeObject, old: KubeObject | undefined): void {
  const spec = asRecord(pod.spec)
  fill(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  })
  spec.securityContext ??= {}
  for (const container of [...asArray(spec.containers), ...asArray(spec.initContainers)].filter(isRecord)) {
    completeContainer(container)
  }
  pod.spec = spec
  if (!old) pod.status = { phase: 'Pending', qosClass: 'BestEffort', ...asRecord(pod.status) }
}

function completeContainer(container: Json): void {
  const isLatest = /^[^:@]+(:latest)?$/.test(String(container.image ?? '').replace(/^.*\//, ''))
  fill(container, {
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  })
  container.resources ??= {}
  for (const port of asArray(container.ports).filter(isRecord)) port.protocol ??= 'TCP'
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[kind]
    if (!isRecord(probe)) continue
    fill(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })
    if (isRecord(probe.httpGet)) fill(probe.httpGet, { path: '/', scheme: 'HTTP' })
  }
  for (const variable of asArray(container.env).filter(isRecord)) {
    const reference = asRecord(asRecord(variable.valueFrom).fieldRef)
    if (reference.fieldPath) reference.apiVersion ??= 'v1'
  }
}

function fill(target: Json, defaults: Json): void {
  for (const [name, value] of Object.entries(defaults)) target[name] ??= value
}

/** The parts of a pod's spec that may change after its creation. */
const MUTABLE = ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds', 'schedulingGates']

export function podCauses(pod: KubeObject, old: KubeObject | undefined): Cause[] {
  const spec = asRecord(pod.spec)
  const containers = asArray(spec.containers)
  if (containers.length === 0) return [requiredValue('spec.containers')]
  const causes = containers.filter(isRecord).flatMap((container, index) => containerCauses(container, index))
  if (!['Always', 'OnFailure', 'Never'].includes(String(spec.restartPolicy))) {
    const message = `Unsupported value: ${JSON.stringify(spec.restartPolicy)}: supported values: "Always", "OnFailure", "Never"`
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.restartPolicy' })
  }
  if (old && !equal(fixedPart(pod, old), fixedPart(old, old))) {
    const message =
      'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
    causes.push({ reason: 'FieldValueForbidden', message, field: 'spec' })
  }
  return causes
}

function containerCauses(container: Json, index: number): Cause[] {
  const causes: Cause[] = []
  const path = `spec.containers[${index}]`
  if (!container.name) causes.push(requiredValue(`${path}.name`))
  else if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(String(container.name))) {
    const message =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    causes.push(invalidValue(`${path}.name`, container.name, message))
  }
  if (!container.image) causes.push(requiredValue(`${path}.image`))
  return causes
}

function fixedPart(pod: KubeObject, old: KubeObject): Json {
  const spec = Object.fromEntries(Object.entries(asRecord(pod.spec)).filter(([name]) => !MUTABLE.includes(name)))
  // There is no scheduler and no `binding` here: a kubelet takes a pod by naming its node.
  if (!asRecord(old.spec).nodeName) delete spec.nodeName
  for (const field of ['containers', 'initContainers']) {
    if (spec[field] === undefined) continue
    spec[field] = asArray(spec[field]).map((container) => ({ ...asRecord(container), image: undefined }))
  }
  return spec
}
