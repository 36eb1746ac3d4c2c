/** Kubernetes objects as plain JSON, and the few things everybody does with JSON. */

export type Json = Record<string, unknown>

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ManagedFieldsEntry {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time?: string
  fieldsType?: string
  fieldsV1?: Json
  subresource?: string
}

export interface ObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: ManagedFieldsEntry[]
}

/** Any object the server stores. Stored objects are shared and never changed: clone before changing one. */
export interface KubeObject extends Json {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

export function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A record, whatever came: what isn't one counts as empty. */
export function asRecord(value: unknown): Json {
  return isRecord(value) ? value : {}
}

export function asArray(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Deep equality of JSON values; the order of keys doesn't matter. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => equal(item, b[index]))
  }
  if (!isRecord(a) || !isRecord(b)) return false
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length) return false
  return names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
}

/** Removes the fields that are null, at any depth. Changes `value`. */
export function dropNulls(value: unknown): void {
  if (Array.isArray(value)) value.forEach(dropNulls)
  if (!isRecord(value)) return
  for (const [name, child] of Object.entries(value)) {
    if (child === null) delete value[name]
    else dropNulls(child)
  }
}

/** The value at a path of field names, or undefined. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value
  for (const name of path) {
    if (!isRecord(current) || !Object.hasOwn(current, name)) return undefined
    current = current[name]
  }
  return current
}

/** Sets the value at a path of field names, making the records on the way. Changes `target`. */
export function setValueAt(target: Json, path: readonly string[], value: unknown): void {
  let current = target
  for (const name of path.slice(0, -1)) {
    if (!isRecord(current[name])) current[name] = {}
    current = current[name] as Json
  }
  current[path.at(-1)!] = value
}

/** A JSON path of plain fields (`.spec.replicas`) as its field names. */
export function fieldNames(path: string): string[] {
  return path.replace(/^\./, '').split('.')
}

/** The time as Kubernetes writes it in metadata: whole seconds, UTC. */
export function timestamp(date = new Date()): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
