/** Our Helm chart, as Helm renders it. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { ensureBinaries } from '@berth/cluster/binaries/build.ts'
import { run } from '@berth/cluster/command.ts'
import { clone } from '@berth/local/clone.ts'
import { parse, parseAllDocuments } from 'yaml'

export const CHART = path.join(clone, 'charts/berth')

/** What an object of a manifest has, as far as tests look at it; the rest of it is the kind's own. */
// biome-ignore lint/suspicious/noExplicitAny: any kind of object, looked into by its test
export type Manifest = Record<string, any> & {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string> }
}

/** The least that must be said. */
export const MINIMAL = { secrets: { existingSecret: 'berth-worker' } }

/** The least, and this. */
export const minimalWith = (more: object): object => ({ ...MINIMAL, ...more })

/** Values files of the chart, by their names in its folder. */
export type ValuesFile = 'values-trial.yaml' | 'values-production.yaml'

export const chartFile = (name: string): string => readFileSync(path.join(CHART, name), 'utf8')
// biome-ignore lint/suspicious/noExplicitAny: values have no type but their schema
export const chartYaml = (name: string): any => parse(chartFile(name))

/** Runs Helm; throws with its own words. Values go in by its standard input. */
export async function helm(args: string[], values?: object, files: ValuesFile[] = []): Promise<string> {
  const { helm: file } = await ensureBinaries(['helm'], (line) => console.error(line))
  const given = files.flatMap((name) => ['--values', path.join(CHART, name)])
  if (!values) return run(file, [...args, ...given])
  return run(file, [...args, ...given, '--values', '-'], Readable.from(JSON.stringify(values)))
}

/** Everything that would be installed as release `berth`, hooks included. */
export async function render(
  values: object = MINIMAL,
  files: ValuesFile[] = [],
  namespace = 'acme',
): Promise<Manifest[]> {
  const text = await helm(['template', 'berth', CHART, '--namespace', namespace], values, files)
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error) throw error
    const object: unknown = document.toJS()
    return object ? [object as Manifest] : []
  })
}

/** The one object of this kind and name. */
export function objectOf(manifests: Manifest[], kind: string, name: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && one.metadata.name === name)
  if (found.length === 1) return found[0]!
  const there = manifests.map((one) => `${one.kind}/${one.metadata.name}`).join(', ')
  throw new Error(`${found.length} of ${kind}/${name} among ${there}`)
}

export const namesOf = (manifests: Manifest[], kind: string): string[] =>
  manifests.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name)

interface Container {
  name: string
  image: string
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[]
  securityContext?: object
}

export interface PodTemplate {
  /** As in Deployment/berth-operator. */
  owner: string
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> }
  spec: Record<string, unknown> & { containers: Container[]; initContainers?: Container[]; serviceAccountName?: string }
}

/** The pods that the manifests make. */
export const podsOf = (manifests: Manifest[]): PodTemplate[] =>
  manifests.flatMap(({ kind, metadata, spec }) =>
    spec?.template?.spec?.containers ? [{ ...spec.template, owner: `${kind}/${metadata.name}` }] : [],
  )

export const containersOf = ({ spec }: PodTemplate): Container[] => [...(spec.initContainers ?? []), ...spec.containers]

const secretValueOf = (name: string): string =>
  name.endsWith('_KEYS') ? `1:${Buffer.alloc(32).toString('base64')}` : `the secret value of ${name}`

/** As the kubelet would resolve it, with some value for each secret. */
export function environmentOf(pods: PodTemplate[], owner: string): Record<string, string> {
  const { env = [] } = pods.find((pod) => pod.owner === owner)!.spec.containers[0]!
  const fields: Record<string, string> = { 'metadata.name': 'pod-1', 'metadata.namespace': 'acme' }
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => {
      const { fieldRef } = (valueFrom ?? {}) as { fieldRef?: { fieldPath: string } }
      return [name, value ?? (fieldRef ? fields[fieldRef.fieldPath]! : secretValueOf(name))]
    }),
  )
}
