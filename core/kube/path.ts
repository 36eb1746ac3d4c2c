/** URL paths of the Kubernetes API. */
import type { Kind } from '../model/kind.ts'

/** Instead of a namespace's name in lists and watches: all of them. */
export const ALL_NAMESPACES = '*'

/** Path of a kind's collection, as `/apis/berth.dev/v1alpha1/namespaces/default/workers`. */
export function collectionPath(kind: Kind, namespace: string): string {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`
  if (!kind.namespaced || namespace === ALL_NAMESPACES) return `${root}/${kind.plural}`
  return `${root}/namespaces/${segment(namespace, 'namespace')}/${kind.plural}`
}

/** Path of one object or of a subresource of it. */
export function objectPath(kind: Kind, namespace: string, name: string, subresource?: string): string {
  if (kind.namespaced && namespace === ALL_NAMESPACES) throw new TypeError(`a ${kind.kind} is in one namespace`)
  const path = `${collectionPath(kind, namespace)}/${segment(name, 'name')}`
  return subresource ? `${path}/${segment(subresource, 'subresource')}` : path
}

/** Whether a path can be made of it: an empty name would mean the whole collection, and `..` another path. */
export const isName = (value: string | undefined): value is string =>
  value !== undefined && /^[A-Za-z0-9]([-A-Za-z0-9_.:]*[A-Za-z0-9])?$/.test(value)

/** Names may come from callers. */
function segment(value: string | undefined, what: string): string {
  if (!isName(value)) throw new TypeError(`not a valid ${what}: ${JSON.stringify(value)}`)
  return value
}
