/** An explanation as people read it. Pure. */

import { eventLine } from '../events.ts'
import { type Column, tableOf } from '../listing.ts'
import type { WorkerRecord } from '../records.ts'
import { plain } from '../table.ts'
import { indented, section } from '../text.ts'
import { age } from '../time.ts'
import type { Explanation } from './explanation.ts'
import type { Overview } from './overview.ts'

export function explanationText(explanation: Explanation, now: Date): string {
  const { conditions, history, placement, candidates } = explanation
  return [
    head(explanation, now),
    section('Place', rows(placeRows(explanation, now))),
    section('Customer', rows(customerRows(explanation))),
    ...(placement ? [] : [section('Workers of its tier', candidates.length > 0 ? tableOf(candidates, columns) : '')]),
    section('Conditions', conditions.length > 0 ? tableOf(conditions, conditionColumns(now)) : ''),
    section('History (one hour)', history.map(eventLine).join('\n')),
  ].join('\n\n')
}

function head({ name, reason, since, placement, phoneNumber, message, advice }: Explanation, now: Date): string {
  const who = phoneNumber ? ` (${phoneNumber})` : ''
  const where = placement ? `on worker ${placement.worker}` : 'placed nowhere'
  const lines = [message, ...(advice ? [advice] : [])]
  return [`${name}${who}: ${reason} for ${age(since, now)}, ${where}`, indented(plain(lines.join(' ')))].join('\n')
}

/** Of a tenant, a worker or a tier. */
export function overviewText(overview: Overview, now: Date): string {
  const { name, reason, message, facts, conditions, workers, sessions, history } = overview
  return [
    [`${name}: ${reason}`, indented(plain(message))].join('\n'),
    section('State', rows(Object.entries(facts))),
    ...(workers.length > 0 ? [section('Workers', tableOf(workers, workerColumns))] : []),
    ...(sessions.length > 0 ? [section('Sessions', tableOf(sessions, sessionColumns))] : []),
    section('Conditions', conditions.length > 0 ? tableOf(conditions, conditionColumns(now)) : ''),
    section('History (one hour)', history.map(eventLine).join('\n')),
  ].join('\n\n')
}

type Row = [what: string, value: string]

function placeRows({ placement, placedOn, placedBecause, owner }: Explanation, now: Date): Row[] {
  if (!placement) return [['Owner', owner]]
  const worker = placedOn
    ? `${placedOn.name}, ${placedOn.desiredState}. ${placedOn.reason}: ${placedOn.message}`
    : `${placement.worker}, which is gone`
  return [
    ['Worker', worker],
    ['Since', `${age(placement.boundAt, now)}, generation ${placement.generation}`],
    ['Because', placedBecause ?? 'longer ago than the cluster keeps events'],
    ['Owner', owner],
  ]
}

function customerRows({ tenant, tenantState, quota }: Explanation): Row[] {
  if (!tenantState) return [['Tenant', `${tenant}, which does not exist`]]
  const { displayName, state, reason, message, worker } = tenantState
  const target = worker ? ` Its sessions belong on ${worker}.` : ''
  const names = displayName ? `${tenant} (${displayName})` : tenant
  return [
    ['Tenant', `${names}, ${state}. ${reason}: ${message}${target}`],
    ['Tier', quota ? `${quota.tier}: ${quota.running} of ${quota.limit} sessions should run` : 'which does not exist'],
    ...(quota?.update ? [['Update', quota.update] satisfies Row] : []),
  ]
}

const columns: Column<WorkerRecord>[] = [
  ['Worker', ({ name }) => name],
  ['Desired', ({ desiredState }) => desiredState],
  ['Tenants', ({ tenants, tenantLimit }) => `${tenants} of ${tenantLimit ?? '?'}`],
  ['State', ({ reason }) => reason],
  ['Message', ({ message }) => message],
]

const workerColumns: Column<Overview['workers'][number]>[] = [
  ['Worker', ({ name }) => name],
  ['Desired', ({ desiredState }) => desiredState],
  ['Tenants', ({ tenants, tenantLimit }) => `${tenants} of ${tenantLimit ?? '?'}`],
  ['Load', ({ load }) => (load === undefined ? '' : `${load} %`)],
  ['Node', ({ node }) => node],
  ['State', ({ reason }) => reason],
  ['Message', ({ message }) => message],
]

const sessionColumns: Column<Overview['sessions'][number]>[] = [
  ['Session', ({ name }) => name],
  ['Tenant', ({ tenant }) => tenant],
  ['State', ({ reason }) => reason],
  ['Message', ({ message, advice }) => [message, ...(advice ? [advice] : [])].join(' ')],
]

const conditionColumns = (now: Date): Column<Explanation['conditions'][number]>[] => [
  ['Type', ({ type }) => type],
  ['Status', ({ status }) => status],
  ['Reason', ({ reason }) => reason],
  ['Since', ({ lastTransitionTime }) => age(lastTransitionTime, now)],
  ['Message', ({ message }) => message],
]

const rows = (pairs: Row[]): string => pairs.map(([what, value]) => plain(`${what.padEnd(9)} ${value}`)).join('\n')
