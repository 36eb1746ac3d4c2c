/** What simulated processes are put into. */

import type { KeyRing } from '@berth/core/crypto/seal.ts'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Keys } from './invariants/keys.ts'
import type { Sockets } from './invariants/sockets.ts'
import type { KubeApi } from './kubernetes/api.ts'
import type { Watches } from './kubernetes/watches.ts'
import type { Network } from './network.ts'
import type { Postgres } from './postgres/server.ts'
import type { Server } from './server.ts'
import type { Time } from './time.ts'

export interface Surroundings {
  time: Time
  network: Network
  kubernetes: Server
  api: KubeApi
  watches: Watches
  postgres: Postgres
  sockets: Sockets
  keys: Keys
  kubeConfig: KubeConfig
  keyRing: KeyRing
  log: Logger
  /** A line of the history. */
  note(line: string): void
}
