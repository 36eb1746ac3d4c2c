/** Worker: one pod that runs sessions. Made by the operator. */
import { z } from 'zod'
import type { ObjectMeta } from './meta.ts'
import { Conditions, crd } from './meta.ts'

export const WorkerSpec = z.object({
  tier: crd(z.string().min(1).max(63), {
    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: "a worker's tier can't be changed" }],
  }).describe('The tier whose sessions it runs'),
  tenant: crd(z.string().min(1).max(63), {
    'x-kubernetes-validations': [
      { rule: 'self == oldSelf', message: 'a dedicated worker is never given to another tenant' },
    ],
  })
    .optional()
    .describe('Set once, when the worker is dedicated'),
  desiredState: z
    .enum(['Active', 'Cordoned', 'Drained'])
    .default('Active')
    .describe('Cordoned: takes nothing new. Drained: its sessions move away'),
})
export type WorkerSpec = z.infer<typeof WorkerSpec>

export const WorkerStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  podUID: z.string().max(36).optional(),
  node: z.string().max(253).optional(),
  address: z.string().max(255).optional().describe('Where the gateway reaches it'),
  bootId: z.string().max(36).optional().describe('The process that holds the lease now'),
  templateRevision: z.string().max(16).optional(),
  capacity: z.object({ tenants: z.int().min(0), sessions: z.int().min(0) }).optional(),
  tenants: z.int().min(0).optional().describe('Tenants that hold a slot'),
  sessions: z.object({ placed: z.int().min(0), connected: z.int().min(0) }).optional(),
  load: z
    .object({
      messagesPerSecond: z.int().min(0).describe('In and out'),
      loopLagMs: z.int().min(0).describe('How late its event loop is, of a hundred measurements in all but one'),
      memoryPercent: z.int().min(0).describe('Of the memory that its container may use'),
      percentOfTarget: z.int().min(0).describe('The greatest of them as a share of what its tier allows'),
    })
    .optional()
    .describe('How busy it is, in the mean of half a minute; rounded'),
  conditions: Conditions.optional(),
})
export type WorkerStatus = z.infer<typeof WorkerStatus>

export interface Worker {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec: WorkerSpec
  status?: WorkerStatus
}
