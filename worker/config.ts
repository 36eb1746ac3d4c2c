/** A worker's settings, from its environment. */
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import { encryptionKeys } from '@berth/core/crypto/variable.ts'
import { readEnvironment } from '@berth/core/environment.ts'
import { mediaVariables, openMediaStore } from '@berth/core/media/open.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { z } from 'zod'

export interface WorkerConfig {
  /** Name of the Worker resource and of its pod. */
  worker: string
  podUid: string
  namespace: string
  /** The address to listen on, and where the gateway finds it. */
  podIp: string
  /** 0: any free one. */
  port: number
  databaseUrl: string
  encryptionKeys: KeyRing
  /** Of the secrets of channels, which the gateway seals; undefined: there can be no channels. */
  channelKeys?: KeyRing | undefined
  internalToken: string
  /** Where files are kept; undefined: nowhere. */
  media?: MediaStore | undefined
  /** Another WhatsApp than the real one: the simulator. */
  whatsapp?: { url: string; rootKey?: Buffer<ArrayBuffer>; certificate?: string }
  /** Another Graph API than Meta's: the simulator. */
  graphUrl?: string
  /** How long a stop may take before what is left is given back at once. */
  stopMs: number
}

export function readConfig(env: Record<string, string | undefined> = process.env): WorkerConfig {
  const given = readEnvironment(
    {
      POD_NAME: z.string().describe('name of the Worker resource and of its pod'),
      POD_UID: z.uuid().describe("the pod's metadata.uid"),
      POD_NAMESPACE: z.string().describe("the pod's namespace"),
      POD_IP: z.string().describe('the address to listen on'),
      PORT: z.coerce.number().int().min(0).max(65535).default(8080),
      DATABASE_URL: z.string().describe('postgres://user:password@host:port/database'),
      BERTH_ENCRYPTION_KEYS: encryptionKeys,
      BERTH_CHANNEL_KEYS: encryptionKeys.optional(),
      BERTH_INTERNAL_TOKEN: z.string().min(16).describe('shared with the gateway, at least 16 characters'),
      ...mediaVariables,
      BERTH_STOP_SECONDS: z.coerce
        .number()
        .int()
        .min(0)
        .max(600)
        .default(20)
        .describe('how long a stop may take before what is left is given back at once'),
      BERTH_GRAPH_URL: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("another Graph API than Meta's: the simulator"),
      BERTH_WHATSAPP_URL: z
        .url({ protocol: /^wss?$/ })
        .optional()
        .describe("the simulator's ws://…/ws/chat"),
      BERTH_WHATSAPP_ROOT: z.base64().optional().describe("the simulator's root key"),
      BERTH_WHATSAPP_CERTIFICATE: z.base64().optional().describe("of the simulator's media host: base64 of PEM"),
    },
    env,
  )
  const { BERTH_WHATSAPP_URL: url, BERTH_WHATSAPP_ROOT: root, BERTH_WHATSAPP_CERTIFICATE: certificate } = given
  return {
    worker: given.POD_NAME,
    podUid: given.POD_UID,
    namespace: given.POD_NAMESPACE,
    podIp: given.POD_IP,
    port: given.PORT,
    databaseUrl: given.DATABASE_URL,
    encryptionKeys: given.BERTH_ENCRYPTION_KEYS,
    channelKeys: given.BERTH_CHANNEL_KEYS,
    internalToken: given.BERTH_INTERNAL_TOKEN,
    ...(url && {
      whatsapp: {
        url,
        ...(root && { rootKey: Buffer.from(root, 'base64') }),
        ...(certificate && { certificate: Buffer.from(certificate, 'base64').toString() }),
      },
    }),
    ...(given.BERTH_GRAPH_URL && { graphUrl: given.BERTH_GRAPH_URL }),
    media: openMediaStore(given),
    stopMs: given.BERTH_STOP_SECONDS * 1000,
  }
}
