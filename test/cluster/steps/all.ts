/** What is done to Berth on a real cluster, one after the other; and what must come of it. */

import type { NamedFault } from '../../chaos/faults/fault.ts'
import { stopPostgresFor } from '../../chaos/faults/service.ts'
import { slowWorker } from '../../chaos/faults/slow.ts'
import { deletePod, drainWorker, forceDeletePod, killWorker, killWorkerTwice } from '../../chaos/faults/worker.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import { cutFromApiServer, cutFromGateways, cutFromPostgres, cutFromWhatsapp } from '../faults/cut.ts'
import { outOfMemory } from '../faults/memory.ts'
import { drainNode, loseNode } from '../faults/node.ts'
import { reinstall, rollback, upgrade } from '../faults/release.ts'
import { freezeLeader, restart, restoreEtcd, stopApiServerFor } from '../faults/service.ts'
import { tryRights } from './rights.ts'
import { installSecond, uninstallSecond } from './second.ts'

export interface Step extends NamedFault<ClusterBerth> {
  /** No session may lose its connection. */
  unaffected?: true
  /** What is aimed at, seconds at the 99th percentile: from the fault to the login that lasts, or without a connection. */
  target?: { connected: number } | { gap: number }
}

export const STEPS: Step[] = [
  { name: 'rights', cause: tryRights, unaffected: true },
  { name: 'kill', cause: killWorker, target: { connected: 5 } },
  { name: 'crash-loop', cause: killWorkerTwice },
  { name: 'pod', cause: deletePod, target: { connected: 3 } },
  { name: 'pod-force', cause: forceDeletePod },
  { name: 'out-of-memory', cause: outOfMemory, target: { connected: 5 } },
  { name: 'slow', cause: slowWorker },
  { name: 'worker-drain', cause: drainWorker, target: { gap: 1 } },
  { name: 'node-drain', cause: drainNode, target: { gap: 1 } },
  { name: 'node', cause: loseNode(false), target: { connected: 10 } },
  { name: 'node+leader', cause: loseNode(true), target: { connected: 15 } },
  { name: 'cut-api', cause: cutFromApiServer, unaffected: true },
  { name: 'cut-postgres', cause: cutFromPostgres },
  { name: 'cut-whatsapp', cause: cutFromWhatsapp },
  { name: 'cut-gateway', cause: cutFromGateways, unaffected: true },
  { name: 'api-server', cause: stopApiServerFor(60_000), unaffected: true },
  { name: 'etcd-restore', cause: restoreEtcd },
  { name: 'second', cause: installSecond, unaffected: true },
  { name: 'postgres', cause: stopPostgresFor(30_000), unaffected: true },
  { name: 'two-leaders', cause: freezeLeader, unaffected: true },
  { name: 'operators', cause: restart('operator'), unaffected: true },
  { name: 'gateways', cause: restart('gateway'), unaffected: true },
  { name: 'upgrade', cause: upgrade, target: { gap: 1 } },
  { name: 'rollback', cause: rollback, target: { gap: 1 } },
  { name: 'reinstall', cause: reinstall },
  { name: 'second-gone', cause: uninstallSecond, unaffected: true },
]

/** What can be done only once, or only after another one. */
const IN_TURN = new Set(['rights', 'second', 'second-gone', 'upgrade', 'rollback', 'reinstall'])

/** Those that can come in any order, any number of times. */
export const AT_RANDOM: Step[] = STEPS.filter(({ name }) => !IN_TURN.has(name))
