/** The gateway's settings. */

import type { KeyRing } from '@berth/core/crypto/seal.ts'
import { encryptionKeys } from '@berth/core/crypto/variable.ts'
import { readEnvironment } from '@berth/core/environment.ts'
import { mediaVariables, openMediaStore } from '@berth/core/media/open.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { z } from 'zod'
import { TARGETS, type Targets } from './webhooks/targets.ts'

export interface Config {
  databaseUrl: string
  /** The installation: where its resources are. */
  namespace: string
  /** Shared with the workers. */
  internalToken: string
  host: string
  port: number
  /** For /metrics, inside the installation. */
  metricsPort: number
  /** undefined: no files are kept. */
  store: MediaStore | undefined
  /** undefined: nothing is sealed or opened here, so no channels can be set. */
  channelKeys: KeyRing | undefined
  /** Of the platform's own Meta app, to whose webhook everything comes that has no address of its own. */
  platformApp: PlatformApp
  /** Another Graph API than Meta's: the simulator. */
  graphUrl: string | undefined
  /** Where customers may have events sent to. */
  webhookTargets: Targets
  /** Where customers reach the gateway, without a slash at the end; shown in the API document. */
  publicUrl?: string
}

export interface PlatformApp {
  verifyToken: string | undefined
  appSecret: string | undefined
}

const variables = {
  DATABASE_URL: z.string().describe('Postgres, for example postgres://user:password@host:5432/berth'),
  BERTH_NAMESPACE: z.string().describe('the Kubernetes namespace of the installation'),
  BERTH_INTERNAL_TOKEN: z.string().min(16).describe('what gateway and workers prove themselves with'),
  HOST: z.string().default('0.0.0.0').describe('address to listen on'),
  PORT: z.coerce.number().int().min(0).max(65535).default(8080).describe('port to listen on'),
  METRICS_PORT: z.coerce.number().int().min(0).max(65535).default(9090).describe('port of /metrics'),
  ...mediaVariables,
  BERTH_CHANNEL_KEYS: encryptionKeys.optional(),
  WHATSAPP_VERIFY_TOKEN: z.string().optional().describe('what Meta names when it tries /api/webhooks/whatsapp'),
  WHATSAPP_APP_SECRET: z
    .string()
    .optional()
    .describe("secret of the platform's Meta app, with which it signs webhooks"),
  META_APP_SECRET: z.string().optional().describe('the same under another name'),
  BERTH_GRAPH_URL: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("another Graph API than Meta's: the simulator"),
  BERTH_WEBHOOK_TARGETS: z
    .enum(TARGETS)
    .default('https')
    .describe('where customers may have events sent to: https or http on the public Internet, or anywhere'),
  PUBLIC_URL: z.url().optional().describe('where customers reach the gateway'),
}

/** Throws one error that names everything that is missing or wrong. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const values = readEnvironment(variables, env)
  return {
    databaseUrl: values.DATABASE_URL,
    namespace: values.BERTH_NAMESPACE,
    internalToken: values.BERTH_INTERNAL_TOKEN,
    host: values.HOST,
    port: values.PORT,
    metricsPort: values.METRICS_PORT,
    store: openMediaStore(values),
    webhookTargets: values.BERTH_WEBHOOK_TARGETS,
    channelKeys: values.BERTH_CHANNEL_KEYS,
    platformApp: {
      verifyToken: values.WHATSAPP_VERIFY_TOKEN,
      appSecret: values.WHATSAPP_APP_SECRET ?? values.META_APP_SECRET,
    },
    graphUrl: values.BERTH_GRAPH_URL,
    ...(values.PUBLIC_URL && { publicUrl: values.PUBLIC_URL.replace(/\/+$/, '') }),
  }
}
