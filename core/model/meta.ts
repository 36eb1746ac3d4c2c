/** Object metadata and conditions, as the Kubernetes API conventions define them. */
import { z } from 'zod'

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  /** RFC 3339, as all times of the API. */
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: unknown[]
}

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

/** The extension keys of a CRD schema that zod does not know. */
export interface CrdMeta extends Record<string, unknown> {
  'x-kubernetes-validations'?: { rule: string; message?: string; messageExpression?: string; fieldPath?: string }[]
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic'
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: 'atomic'
}

/** Attaches CRD schema extensions to a zod schema. */
export const crd = <T extends z.ZodType>(schema: T, meta: CrdMeta): T => schema.meta(meta) as T

export const Condition = z.object({
  type: z.string().max(64),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().max(64).describe('One word, for programs'),
  message: z.string().max(1024).describe('One sentence, for people'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed'),
  observedGeneration: z.int().min(0).optional().describe('The generation of the spec that this speaks of'),
})
export type Condition = z.infer<typeof Condition>

export const Conditions = crd(z.array(Condition).max(16), {
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
})
