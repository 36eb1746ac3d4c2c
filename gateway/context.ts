/** What the routes work with, and what every request carries. */
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Authenticator, Caller } from './auth.ts'
import type { PlatformApp } from './config.ts'
import type { ControlPlane } from './control-plane.ts'
import type { Database } from './data/database.ts'
import type { TierLimits } from './data/limits.ts'
import type { UrlFetcher } from './media/fetch.ts'
import type { MediaIntake } from './media/keep.ts'
import type { Links } from './media/links.ts'
import type { Header } from './openapi/document.ts'
import type { RateLimiter } from './rate.ts'
import type { KnownSessions } from './routing/known-sessions.ts'
import type { SessionRouter } from './routing/router.ts'
import type { Waker } from './routing/waker.ts'
import type { WorkerClient } from './routing/worker-client.ts'
import type { EndpointSecrets } from './webhooks/secrets.ts'
import type { Sender } from './webhooks/sender.ts'
import type { Targets } from './webhooks/targets.ts'

/** How long requests may be held. */
export interface Holds {
  /** A call while its session moves. */
  moveMs: number
  /** A request for a code until the first one comes. */
  firstQrMs: number
  /** A change until the operator took it up, so that the reads that follow see it. */
  takeUpMs: number
}

export const DEFAULT_HOLDS: Holds = { moveMs: 10_000, firstQrMs: 10_000, takeUpMs: 3000 }

export interface Context {
  database: Database
  controlPlane: ControlPlane
  authenticator: Authenticator
  limits: TierLimits
  requestRate: RateLimiter
  messageRate: RateLimiter
  /** By session: what tells who has WhatsApp. */
  lookups: RateLimiter
  /** By session. */
  pairingCodes: RateLimiter
  /** What sessions change at WhatsApp, by session id. */
  acts: RateLimiter
  router: SessionRouter
  knownSessions: KnownSessions
  workers: WorkerClient
  waker: Waker
  /** undefined: the installation keeps no files. */
  store: MediaStore | undefined
  intake: MediaIntake
  /** Of files that customers name by their address. */
  urls: UrlFetcher
  links: Links
  webhooks: { secrets: EndpointSecrets; sender: Sender; targets: Targets }
  /** Seal the secrets of channels, and nothing else; undefined: the installation has none, so no channels. */
  channelKeys: KeyRing | undefined
  platformApp: PlatformApp
  /** Another Graph API than Meta's. */
  graphUrl: string | undefined
  log: Logger
  holds: Holds
  publicUrl?: string
  /** Aborted when the gateway stops: what waits answers with what there is. */
  stopping: AbortController
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

declare module 'fastify' {
  interface FastifySchema {
    /** For the API document: the headers of an operation's success, beside the common ones. */
    'x-headers'?: Record<string, Header>
  }
  interface FastifyRequest {
    /** Set on everything under /v1. */
    caller: Caller
  }
}
