/** The operator's settings, from its environment. */
import { hostname } from 'node:os'
import { readEnvironment } from '@berth/core/environment.ts'
import type { Pace } from '@berth/core/ownership/login-pace.ts'
import { z } from 'zod'
import { WorkerPod } from './worker-pod.ts'

export interface Config {
  databaseUrl: string
  /** Undefined: that of the kubeconfig's context, or of our own pod. */
  namespace?: string
  /** Image of worker pods whose tier names none. */
  workerImage: string
  /** The Secret from which worker pods take their settings. */
  workerSecret: string
  workerServiceAccount?: string
  /** May it read the cluster's nodes? */
  readNodes?: boolean
  /** What the installation says of all worker pods. */
  workerPod: WorkerPod
  /** How many sessions of the installation may log in. */
  logins: Pace
  /** Who we are in the leader election and in events. */
  podName: string
  host: string
  port: number
}

export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const settings = readEnvironment(
    {
      DATABASE_URL: z.string().describe('postgres://… of the installation'),
      BERTH_NAMESPACE: z.string().optional(),
      BERTH_WORKER_IMAGE: z.string().default('berth/worker:local'),
      BERTH_WORKER_SECRET: z.string().default('berth-worker'),
      BERTH_WORKER_SERVICE_ACCOUNT: z.string().optional(),
      BERTH_WORKER_POD: jsonOf(WorkerPod).default({}).describe('what all worker pods have in common, as JSON'),
      BERTH_READ_NODES: z.stringbool().default(false).describe("true: it may read the cluster's nodes"),
      BERTH_LOGINS_PER_SECOND: z.coerce
        .number()
        .positive()
        .max(10_000)
        .default(20)
        .describe('logins of the whole installation at WhatsApp'),
      BERTH_LOGINS_BURST: z.coerce
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(100)
        .describe('logins at once, after a time without any'),
      POD_NAME: z.string().default(hostname()),
      HOST: z.string().default('0.0.0.0'),
      PORT: z.coerce.number().int().min(0).max(65535).default(8081).describe('port of /healthz, /readyz and /metrics'),
    },
    env,
  )
  return {
    databaseUrl: settings.DATABASE_URL,
    namespace: settings.BERTH_NAMESPACE,
    workerImage: settings.BERTH_WORKER_IMAGE,
    workerSecret: settings.BERTH_WORKER_SECRET,
    workerServiceAccount: settings.BERTH_WORKER_SERVICE_ACCOUNT,
    workerPod: settings.BERTH_WORKER_POD,
    readNodes: settings.BERTH_READ_NODES,
    logins: { rate: settings.BERTH_LOGINS_PER_SECOND, burst: settings.BERTH_LOGINS_BURST },
    podName: settings.POD_NAME,
    host: settings.HOST,
    port: settings.PORT,
  }
}

/** A text that holds a value of this shape as JSON. */
const jsonOf = <T extends z.ZodType>(shape: T) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: `not JSON: ${(error as Error).message}` })
        return z.NEVER
      }
    })
    .pipe(shape)
