/** The faults of a Berth on this machine by name, as --faults takes them. */
import type { LocalBerth } from '../local-berth.ts'
import { clocksMissing } from '../surroundings/clocks.ts'
import { diskMissing } from '../surroundings/disk.ts'
import { jumpClock } from './clock.ts'
import { type Fault, type NamedFault, together } from './fault.ts'
import { cutFromPostgres, cutFromWhatsapp, cutOperatorFromKubernetes, staleWatches, whatsappAway } from './line.ts'
import { endConnections, loseZone } from './mass.ts'
import { operatorStorm, twoLeaders } from './operators.ts'
import {
  freezeKubernetes,
  freezePostgres,
  killGateway,
  killKubernetes,
  killOperator,
  killPostgres,
  stopPostgres,
  stopPostgresFor,
} from './service.ts'
import { blockLoop, slowWorker } from './slow.ts'
import { fillDisk, restoreKubernetes } from './state.ts'
import { deletePod, drainWorker, forceDeletePod, freezeWorker, killWorker, killWorkerTwice } from './worker.ts'

export const FAULTS = {
  kill: killWorker,
  'kill-twice': killWorkerTwice,
  pod: deletePod,
  'pod-force': forceDeletePod,
  freeze: freezeWorker,
  block: blockLoop,
  slow: slowWorker,
  drain: drainWorker,
  operator: killOperator,
  gateway: killGateway,
  kubernetes: killKubernetes,
  'kubernetes-freeze': freezeKubernetes,
  'kubernetes-restore': restoreKubernetes,
  postgres: stopPostgres,
  'postgres-long': stopPostgresFor(30_000),
  'postgres-kill': killPostgres,
  'postgres-freeze': freezePostgres,
  'disk-full': fillDisk,
  clock: jumpClock,
  'cut-postgres': cutFromPostgres,
  'cut-whatsapp': cutFromWhatsapp,
  'cut-kubernetes': cutOperatorFromKubernetes,
  'two-leaders': twoLeaders,
  'operator-storm': operatorStorm,
  'stale+pod-force': staleWatches(forceDeletePod),
  'stale+kill-twice': staleWatches(killWorkerTwice),
  drop: endConnections('drop', 1 / 3),
  '503': endConnections('503', 1),
  away: whatsappAway(3_000, 8_000),
  zone: loseZone,
  'operator+kill': together(killOperator, killWorker),
  'operator+pod-force': together(killOperator, forceDeletePod),
  'operator+postgres': together(killOperator, stopPostgres),
  'gateway+kill': together(killGateway, killWorker),
  'postgres+kill': together(stopPostgres, killWorker),
  'postgres-freeze+kill': together(freezePostgres, killWorker),
  'kubernetes-freeze+kill': together(freezeKubernetes, killWorker),
} satisfies Record<string, Fault<LocalBerth>>

export type FaultName = keyof typeof FAULTS
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[]

/** No worker is struck: whoever is moved all the same was taken for dead and lived. */
const KEEP_PLACES = new Set<FaultName>([
  ...(['operator', 'gateway', 'kubernetes', 'kubernetes-freeze', 'cut-kubernetes', 'clock'] as const),
  ...(['postgres', 'postgres-long', 'postgres-kill', 'postgres-freeze', 'disk-full', 'operator+postgres'] as const),
  ...(['cut-whatsapp', 'drop', '503', 'away'] as const),
])

const ON_LINUX: FaultName[] = ['block', 'cut-postgres', 'cut-whatsapp', 'two-leaders', 'operator-storm']

/** Why a fault can't be caused on this machine, of those that can't. */
export function missingHere(): Partial<Record<FaultName, string>> {
  const isLinux = process.platform === 'linux'
  const all = {
    ...Object.fromEntries(ON_LINUX.map((name) => [name, isLinux ? undefined : 'it reads /proc, which Linux has'])),
    clock: clocksMissing(),
    'disk-full': diskMissing(),
  }
  return Object.fromEntries(Object.entries(all).filter(([, why]) => why !== undefined))
}

export const faultsNamed = (names: FaultName[]): NamedFault<LocalBerth>[] =>
  names.map((name) => ({ name, cause: FAULTS[name], keepsPlaces: KEEP_PLACES.has(name) }))
