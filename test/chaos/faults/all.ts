/** The faults of a Berth on this machine by name, as --faults takes them. */
import type { LocalBerth } from '../local-berth.ts'
import { type Fault, type NamedFault, together } from './fault.ts'
import {
  dropConnections,
  freezeKubernetes,
  freezePostgres,
  killGateway,
  killKubernetes,
  killOperator,
  killPostgres,
  stopPostgres,
} from './service.ts'
import { deletePod, drainWorker, forceDeletePod, freezeWorker, killWorker, killWorkerTwice } from './worker.ts'

export const FAULTS = {
  kill: killWorker,
  'kill-twice': killWorkerTwice,
  pod: deletePod,
  'pod-force': forceDeletePod,
  freeze: freezeWorker,
  drain: drainWorker,
  operator: killOperator,
  gateway: killGateway,
  kubernetes: killKubernetes,
  'kubernetes-freeze': freezeKubernetes,
  postgres: stopPostgres,
  'postgres-kill': killPostgres,
  'postgres-freeze': freezePostgres,
  drop: dropConnections,
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

export const faultsNamed = (names: FaultName[]): NamedFault<LocalBerth>[] =>
  names.map((name) => ({ name, cause: FAULTS[name] }))
