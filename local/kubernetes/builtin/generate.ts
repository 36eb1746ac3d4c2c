/**
 * Rewrites `schemas.json`: what the built-in kinds look like, taken from the OpenAPI documents of a real kube-apiserver.
 * Run it by hand when a newer Kubernetes is to be followed: `node generate.ts https://HOST:PORT TOKEN`.
 */
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'undici'

const ROOTS = [
  'io.k8s.api.core.v1.Namespace',
  'io.k8s.api.core.v1.Secret',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Event',
  'io.k8s.api.core.v1.Pod',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.coordination.v1.Lease',
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
]
const DOCUMENTS = ['api/v1', 'apis/coordination.k8s.io/v1', 'apis/policy/v1', 'apis/apiextensions.k8s.io/v1']

type Json = Record<string, unknown>

const [server, token] = process.argv.slice(2)
if (!server || !token) throw new Error('usage: node generate.ts https://HOST:PORT TOKEN')

const dispatcher = new Agent({ connect: { rejectUnauthorized: false } })
const all: Record<string, Json> = {}
for (const document of DOCUMENTS) {
  const answer = await request(`${server}/openapi/v3/${document}`, {
    dispatcher,
    headers: { authorization: `Bearer ${token}` },
  })
  const body = (await answer.body.json()) as { components: { schemas: Record<string, Json> } }
  Object.assign(all, body.components.schemas)
}

const wanted: Record<string, unknown> = {}
for (const root of ROOTS) include(root)
await writeFile(new URL('schemas.json', import.meta.url), `${JSON.stringify(wanted, null, 1)}\n`)
await dispatcher.close()

/** Adds a definition and everything it refers to. */
function include(name: string): void {
  if (name in wanted) return
  const definition = all[name]
  if (!definition) throw new Error(`the server has no schema ${name}`)
  wanted[name] = {} // before its parts: definitions may be recursive
  wanted[name] = shorten(definition)
}

/** Keeps the first sentence of each description: `kubectl explain` stays useful and the file stays small. */
function shorten(value: unknown, key = ''): unknown {
  if (key === 'description' && typeof value === 'string') return value.split(/(?<=\.)\s/)[0]
  if (key === '$ref' && typeof value === 'string') include(value.slice(value.lastIndexOf('/') + 1))
  if (Array.isArray(value)) return value.map((item) => shorten(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, shorten(child, name)]))
}
