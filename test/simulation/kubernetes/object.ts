/** An object as the API stores it. */
import type { ObjectMeta } from '@berth/core/model/meta.ts'

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec?: { nodeName?: string } & Record<string, unknown>
  status?: Record<string, unknown>
}

export interface Patch {
  metadata?: Partial<ObjectMeta>
  spec?: object
  status?: object
}
