/** The environment of a container's process. */
import type { Container, EnvVar, Pod, Secret } from '@berth/core/model/builtin.ts'
import { HOST_IP } from './status.ts'

/** What every process of this machine needs; all else a pod must ask for. */
const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'LOG_LEVEL',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
].concat(['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]))

/** The pod refers to something that does not exist; a person must change one or the other. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export interface EnvironmentInput {
  pod: Pod
  container: Container
  nodeName: string
  /** Stands for the container's port `http`. */
  port: number
  kubeconfig: string
  /** The secret of that name in the pod's namespace. */
  secret(name: string): Promise<Secret | undefined>
}

/** In Kubernetes' order: envFrom, then env over it. Where the process listens is ours to say, so that comes last. */
export async function environment(input: EnvironmentInput): Promise<Record<string, string>> {
  const { container } = input
  const variables: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  for (const { secretRef } of container.envFrom ?? []) {
    if (!secretRef) throw new ConfigError('envFrom knows secretRef only')
    const secret = await input.secret(secretRef.name)
    if (!secret && !secretRef.optional) throw new ConfigError(`secret "${secretRef.name}" not found`)
    for (const [key, value] of Object.entries(secret?.data ?? {})) variables[key] = decode(value)
  }
  for (const variable of container.env ?? []) {
    const value = await resolveVariable(variable, input)
    if (value !== undefined) variables[variable.name] = value
  }
  return { ...variables, POD_IP: HOST_IP, PORT: String(input.port), KUBECONFIG: input.kubeconfig }
}

async function resolveVariable(
  { name, value, valueFrom }: EnvVar,
  input: EnvironmentInput,
): Promise<string | undefined> {
  if (valueFrom?.fieldRef) return fieldOf(valueFrom.fieldRef.fieldPath, input)
  if (valueFrom?.secretKeyRef) {
    const { name: secretName, key, optional } = valueFrom.secretKeyRef
    const found = (await input.secret(secretName))?.data?.[key]
    if (found !== undefined) return decode(found)
    if (optional) return undefined
    throw new ConfigError(`${name}: there is no key "${key}" in secret "${secretName}"`)
  }
  if (valueFrom) throw new ConfigError(`${name}: valueFrom knows fieldRef and secretKeyRef only`)
  return value ?? ''
}

function fieldOf(fieldPath: string, { pod, nodeName }: EnvironmentInput): string {
  const fields: Record<string, string | undefined> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? 'default',
    'status.podIP': HOST_IP,
    'status.hostIP': HOST_IP,
  }
  const label = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath)
  if (label) return pod.metadata[label[1] as 'labels' | 'annotations']?.[label[2]!] ?? ''
  const value = fields[fieldPath]
  if (value === undefined) throw new ConfigError(`fieldRef "${fieldPath}" is not known`)
  return value
}

const decode = (base64: string): string => Buffer.from(base64, 'base64').toString()
