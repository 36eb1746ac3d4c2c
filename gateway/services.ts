/** Puts the parts together. */
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { Authenticator } from './auth.ts'
import type { PlatformApp } from './config.ts'
import { type Context, DEFAULT_HOLDS, type Holds } from './context.ts'
import { ControlPlane } from './control-plane.ts'
import { Database } from './data/database.ts'
import { findCaller } from './data/keys.ts'
import { TierLimits } from './data/limits.ts'
import { findOwner } from './data/sessions.ts'
import { UrlFetcher, type UrlFetcherOptions } from './media/fetch.ts'
import { MediaIntake } from './media/keep.ts'
import { Links } from './media/links.ts'
import { RateLimiter } from './rate.ts'
import { KnownSessions } from './routing/known-sessions.ts'
import { SessionRouter } from './routing/router.ts'
import { Waker } from './routing/waker.ts'
import { WorkerClient } from './routing/worker-client.ts'
import { EndpointSecrets } from './webhooks/secrets.ts'
import { Sender } from './webhooks/sender.ts'
import type { Targets } from './webhooks/targets.ts'

interface Parts {
  pool: Pool
  kube: KubeClient
  namespace: string
  internalToken: string
  log: Logger
  store?: MediaStore | undefined
  urls?: UrlFetcherOptions
  channelKeys?: KeyRing | undefined
  platformApp?: PlatformApp
  graphUrl?: string | undefined
  publicUrl?: string
  holds?: Partial<Holds>
  /** Where events may be sent to; https on the public Internet. */
  webhookTargets?: Targets
}

export function createContext({
  pool,
  kube,
  namespace,
  internalToken,
  log,
  store,
  urls,
  channelKeys,
  platformApp = { verifyToken: undefined, appSecret: undefined },
  graphUrl,
  publicUrl,
  holds,
  webhookTargets: targets = 'https',
}: Parts): Context {
  const database = new Database(pool)
  const router = new SessionRouter(({ tenantId, sessionId }) => findOwner(database, tenantId, sessionId))
  const workers = new WorkerClient(internalToken)
  return {
    database,
    controlPlane: new ControlPlane(kube, namespace, log),
    authenticator: new Authenticator((hash) => findCaller(database, hash)),
    limits: new TierLimits(database),
    requestRate: new RateLimiter(60),
    messageRate: new RateLimiter(3600),
    lookups: new RateLimiter(3600),
    pairingCodes: new RateLimiter(3600),
    acts: new RateLimiter(3600),
    router,
    knownSessions: new KnownSessions(),
    workers,
    waker: new Waker(router, workers, log),
    store,
    urls: new UrlFetcher(urls),
    intake: new MediaIntake(database, store, log),
    links: new Links(internalToken),
    webhooks: { secrets: new EndpointSecrets(internalToken), sender: new Sender({ targets }), targets },
    channelKeys,
    platformApp,
    graphUrl,
    log,
    holds: { ...DEFAULT_HOLDS, ...holds },
    stopping: new AbortController(),
    ...(publicUrl && { publicUrl }),
  }
}
