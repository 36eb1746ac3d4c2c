/** What the server knows about one kind of object: a built-in one, or one version of a CRD. */
import type { Cause } from './api-error.ts'
import type { NameSyntax } from './names.ts'
import type { Json, KubeObject } from './object.ts'
import type { Schema } from './schema.ts'

/** A column of `kubectl get`. */
export interface Column {
  name: string
  type: string
  format?: string
  description?: string
  priority?: number
}

export interface Columns {
  definitions: Column[]
  cells(object: KubeObject, now: number): unknown[]
}

export interface ScalePaths {
  specReplicasPath: string
  statusReplicasPath: string
  labelSelectorPath?: string
}

export interface Resource {
  group: string
  version: string
  plural: string
  singular: string
  kind: string
  listKind: string
  namespaced: boolean
  shortNames: string[]
  categories: string[]
  verbs: string[]
  hasStatus: boolean
  scale?: ScalePaths
  /** A CRD's: unknown fields are pruned, `metadata.generation` follows every field but metadata and status. */
  isCustom: boolean
  /** The object's schema, linked (see schema.ts), with its metadata. */
  schema: Schema
  /** The same as it is published: in `#/components/schemas`. */
  definition: { name: string; schema: Json }
  columns: Columns
  /** Fields that field selectors may ask for. */
  selectable: string[]
  nameSyntax: NameSyntax
  /** A PUT must name the version it replaces. */
  requiresVersion?: boolean
  /** A PUT of an object that isn't there creates it. */
  createsOnUpdate?: boolean
  /** Completes an object before it is stored. Changes it. */
  complete?(object: KubeObject, old: KubeObject | undefined): void
  /** What is wrong with an object beyond its schema. */
  check?(object: KubeObject, old: KubeObject | undefined): Cause[]
}

export const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** `berth.dev/v1alpha1`, or `v1` in the core group. */
export function apiVersionOf(resource: { group: string; version: string }): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version
}

/** Under which key the store keeps a resource's objects; the same for all versions of a CRD. */
export function storageKey(resource: { group: string; plural: string }): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural
}
