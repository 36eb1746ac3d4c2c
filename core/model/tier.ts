/** Tier: what a customer bought. Limits, price, and how its workers are shared. */
import { z } from 'zod'
import type { ObjectMeta } from './meta.ts'
import { Conditions, crd } from './meta.ts'

const WorkerTemplate = z
  .object({
    cpu: crd(z.string().max(16).default('500m'), {
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^([1-9][0-9]*m|[0-9]+([.][0-9]{1,3})?)$')",
          message: 'write CPUs, for example "2" or "0.5", or thousandths of one, for example 500m',
        },
      ],
    }).describe('CPU request of a worker, as a Kubernetes quantity'),
    // Without a unit it would be bytes, in which no process starts.
    memory: crd(z.string().max(16).default('768Mi'), {
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[1-9][0-9]*([.][0-9]+)?([kMGT]|[KMGT]i)$')",
          message: 'write an amount with its unit, for example 768Mi or 2Gi',
        },
      ],
    }).describe('Memory request and limit of a worker'),
    image: crd(z.string().max(255), {
      'x-kubernetes-validations': [
        {
          rule: "self.matches('^[!-~]+$')",
          message: 'write a reference without spaces, for example registry.example.com/berth-worker:1.2',
        },
      ],
    })
      .optional()
      .describe("Worker image; without it the operator's own choice"),
    nodeSelector: z.record(z.string().max(253), z.string().max(63)).optional().describe('Nodes that workers may use'),
  })
  .describe('What the pods of this tier look like. A change makes a new template revision')

/** What WhatsApp takes of pictures and sound; documents may be larger. */
export const DEFAULT_MEDIA_BYTES = 16 * 1024 * 1024

/** These also serve a tier that a CRD of an earlier release has kept without them. */
export const DEFAULT_UPDATE = { maxSurge: 1, maxMoving: 1, deadlineSeconds: 120, failureThreshold: 3 }

export const DEFAULT_DRAIN = { graceSeconds: 30, maxMoving: 20 }
export const DEFAULT_SCALING = { targetMessagesPerSecond: 200, targetLoopLagMs: 500, targetMemoryPercent: 85 }

export const TierSpec = z.object({
  displayName: z.string().min(1).max(64).describe('What customers see, for example PRO'),
  price: z
    .object({
      amount: crd(z.string().max(16), {
        'x-kubernetes-validations': [
          {
            rule: "self.matches('^[0-9]+([.][0-9]{1,2})?$')",
            message: 'write a decimal in quotes, for example "29" or "29.50"',
          },
        ],
      }).describe('Price of a month, a decimal as a string'),
      currency: crd(z.string().max(3), {
        'x-kubernetes-validations': [
          { rule: "self.matches('^[A-Z]{3}$')", message: 'write the three letters of ISO 4217, for example USD' },
        ],
      }).describe('ISO 4217'),
    })
    .describe('What it costs; Berth shows it and charges nothing'),
  sla: z.string().min(1).max(64).describe('The promised availability, in words for customers, for example 99.9 %'),
  limits: z.object({
    sessionsPerTenant: z.int().min(1).max(10000).describe('How many sessions a tenant may have'),
    requestsPerMinute: z.int().min(1).max(1000000).describe('API requests of a tenant'),
    messagesPerHour: z.int().min(1).max(10000000).describe('Messages that a tenant may send'),
    messagesPerMinute: z
      .int()
      .min(1)
      .max(6000)
      .optional()
      .describe(
        'Pace of a session: its messages go out one after another, no more than these in a minute. Unset: at once',
      ),
    messagesPerMinutePerChat: z
      .int()
      .min(1)
      .max(6000)
      .optional()
      .describe('The same for the messages of a session to one chat'),
    webhookEndpoints: z.int().min(0).max(1000).describe('Webhook endpoints of a tenant'),
    retentionDays: z.int().min(1).max(3650).describe('How long messages are kept'),
    mediaBytes: z
      .int()
      .min(1)
      .max(2_147_483_648)
      .default(DEFAULT_MEDIA_BYTES)
      .describe('Size of a file that a tenant may send or receive'),
  }),
  placement: crd(
    z.object({
      mode: z.enum(['Shared', 'Dedicated']).describe('Dedicated: a worker holds the sessions of one tenant only'),
      tenantsPerWorker: z.int().min(1).max(1000).default(1).describe('How many tenants share a worker'),
      sessionsPerWorker: z.int().min(1).max(5000).default(1000).describe('Safety cap of sessions on a worker'),
    }),
    {
      'x-kubernetes-validations': [
        {
          rule: "self.mode == 'Shared' || self.tenantsPerWorker == 1",
          message: 'a dedicated worker holds one tenant: leave tenantsPerWorker out, or choose mode: Shared',
        },
      ],
    },
  ),
  workers: crd(
    z.object({
      min: z.int().min(0).max(1000).default(0).describe('Workers kept even when nothing needs them'),
      max: z.int().min(1).max(1000).default(20).describe('Workers at most'),
      spare: z
        .int()
        .min(0)
        .max(100)
        .default(1)
        .describe('Empty workers kept warm, so that failover needs no pod start'),
      replicas: z
        .int()
        .min(0)
        .max(1000)
        .optional()
        .describe(
          'Set: exactly this many workers, at most max (kubectl scale writes it). Unset: automatic between min and max',
        ),
      template: WorkerTemplate.default({ cpu: '500m', memory: '768Mi' }),
    }),
    {
      'x-kubernetes-validations': [
        { rule: 'self.min <= self.max', message: 'min must not exceed max' },
        // A slip of the finger in kubectl scale would otherwise start a process for each of a thousand workers.
        {
          rule: '!has(self.replicas) || self.replicas <= self.max',
          message: 'replicas must not exceed max: raise spec.workers.max first',
        },
      ],
    },
  ),
  drain: z
    .object({
      graceSeconds: z
        .int()
        .min(1)
        .max(600)
        .default(30)
        .describe('How long a stopping worker may take to release its sessions'),
      maxMoving: z
        .int()
        .min(1)
        .max(1000)
        .default(20)
        .describe('Sessions that may be on their way at the same time when they leave workers that work'),
    })
    .default(DEFAULT_DRAIN),
  update: z
    .object({
      maxSurge: z.int().min(1).max(100).default(1).describe('Workers beyond the usual number during an update'),
      maxMoving: z
        .int()
        .min(1)
        .max(1000)
        .default(1)
        .describe('Sessions that may be on their way from old workers to new ones at the same time'),
      deadlineSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(120)
        .describe('How long a moved session may take to be back, and a new worker to be ready'),
      failureThreshold: z
        .int()
        .min(1)
        .max(10000)
        .default(3)
        .describe('The update stops when so many moved sessions are not back in time, and goes on when they are'),
    })
    .default(DEFAULT_UPDATE)
    .describe('How workers are replaced when the template has changed: session by session'),
  scaling: z
    .object({
      targetMessagesPerSecond: z.int().min(1).max(100000).default(200).describe('Messages in and out of a worker'),
      targetLoopLagMs: z
        .int()
        .min(1)
        .max(60000)
        .default(500)
        .describe('How late its event loop may be, of a hundred measurements in all but one'),
      targetMemoryPercent: z.int().min(1).max(100).default(85).describe('Of the memory that its container may use'),
    })
    .default(DEFAULT_SCALING)
    .describe(
      'How busy a worker should be at most, in the mean of half a minute. Beyond it, it takes no new tenants where others can, ' +
        'and after two minutes its largest one moves to an empty worker',
    ),
  scaleDown: z
    .object({
      stabilizationSeconds: z
        .int()
        .min(0)
        .max(86400)
        .default(300)
        .describe('How long a worker must have been surplus before it goes'),
    })
    .default({ stabilizationSeconds: 300 }),
})
export type TierSpec = z.infer<typeof TierSpec>

export const TierStatus = z.object({
  observedGeneration: z.int().min(0).optional(),
  workers: z.int().min(0).optional().describe('Workers there are'),
  wantedWorkers: z.int().min(0).optional().describe('Workers that there should be; condition ScalingActive says why'),
  readyWorkers: z.int().min(0).optional(),
  updatedWorkers: z.int().min(0).optional().describe('Workers whose pods have the template as it is now'),
  templateRevision: z.string().max(16).optional().describe('Of the template as it is now; workers show their own'),
  tenants: z.int().min(0).optional().describe('Tenants of this tier'),
  sessions: z.int().min(0).optional().describe('Sessions placed'),
  connectedSessions: z.int().min(0).optional(),
  selector: z.string().max(256).optional().describe('Label selector of the worker pods, for kubectl scale'),
  conditions: Conditions.optional(),
})
export type TierStatus = z.infer<typeof TierStatus>

export interface Tier {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
  spec: TierSpec
  status?: TierStatus
}
