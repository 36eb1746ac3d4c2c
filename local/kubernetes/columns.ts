/** The columns of `kubectl get`: for CRDs from their printer columns, for built-in kinds as kubectl users know them. */
import { jsonPathValues } from './jsonpath.ts'
import { asArray, asRecord, isRecord, type Json, type KubeObject, valueAt } from './object.ts'
import type { Column, Columns } from './resource.ts'

export interface PrinterColumn extends Column {
  jsonPath: string
}

const NAME: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
}
const AGE: Column = { name: 'Age', type: 'string', description: 'How long ago the object was created.' }

/** A CRD's columns; without printer columns the age alone. */
export function printerColumns(columns: PrinterColumn[] | undefined): Columns {
  const shown = columns ?? [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }]
  return {
    definitions: [NAME, ...shown.map(({ jsonPath: _jsonPath, ...column }) => column)],
    cells: (object, now) => [
      object.metadata.name,
      ...shown.map((column) => printed(jsonPathValues(object, column.jsonPath), column.type, now)),
    ],
  }
}

function printed(values: unknown[], type: string, now: number): unknown {
  const [value] = values
  if (value === undefined || value === null) return null
  if (type === 'date') return age(value, now)
  if (type === 'integer') return typeof value === 'number' ? Math.trunc(value) : null
  if (type === 'number') return typeof value === 'number' ? value : null
  if (type === 'boolean') return typeof value === 'boolean' ? value : null
  return values.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(',')
}

/** Builds columns of a built-in kind: name first, age last unless `cell`s say otherwise. */
function builtinColumns(cells: [Column, (object: KubeObject, now: number) => unknown][]): Columns {
  return {
    definitions: cells.map(([column]) => column),
    cells: (object, now) => cells.map(([, cell]) => cell(object, now)),
  }
}

type Cell = [Column, (object: KubeObject, now: number) => unknown]

const name: Cell = [NAME, (object) => object.metadata.name]
const created: Cell = [AGE, (object, now) => age(object.metadata.creationTimestamp, now)]

function text(title: string, cell: (object: KubeObject, now: number) => unknown, priority = 0): Cell {
  return [{ name: title, type: 'string', priority }, cell]
}

export const NAME_AND_AGE = builtinColumns([name, created])

export const NAMESPACE_COLUMNS = builtinColumns([
  name,
  text('Status', (object) => valueAt(object, ['status', 'phase'])),
  created,
])

export const SECRET_COLUMNS = builtinColumns([
  name,
  text('Type', (object) => object.type),
  text('Data', (object) => Object.keys(asRecord(object.data)).length),
  created,
])

export const CONFIG_MAP_COLUMNS = builtinColumns([
  name,
  text('Data', (object) => Object.keys({ ...asRecord(object.data), ...asRecord(object.binaryData) }).length),
  created,
])

export const LEASE_COLUMNS = builtinColumns([
  name,
  text('Holder', (object) => valueAt(object, ['spec', 'holderIdentity']) ?? ''),
  created,
])

export const CRD_COLUMNS = builtinColumns([
  name,
  [{ name: 'Created At', type: 'date' }, (object) => object.metadata.creationTimestamp],
])

export const PDB_COLUMNS = builtinColumns([
  name,
  text('Min Available', (object) => String(valueAt(object, ['spec', 'minAvailable']) ?? 'N/A')),
  text('Max Unavailable', (object) => String(valueAt(object, ['spec', 'maxUnavailable']) ?? 'N/A')),
  [
    { name: 'Allowed Disruptions', type: 'integer' },
    (object) => valueAt(object, ['status', 'disruptionsAllowed']) ?? 0,
  ],
  created,
])

export const EVENT_COLUMNS = builtinColumns([
  text('Last Seen', (object, now) => age(lastSeen(object), now)),
  text('Type', (object) => object.type),
  text('Reason', (object) => object.reason),
  text('Object', (object) => {
    const about = asRecord(object.involvedObject)
    return `${String(about.kind ?? '').toLowerCase()}/${about.name}`
  }),
  text('Subobject', (object) => valueAt(object, ['involvedObject', 'fieldPath']) ?? '', 1),
  text('Source', (object) => valueAt(object, ['source', 'component']) ?? object.reportingComponent ?? '', 1),
  text('Message', (object) => String(object.message ?? '').trim()),
  text('First Seen', (object, now) => age(object.firstTimestamp ?? object.eventTime, now), 1),
  text('Count', (object) => valueAt(object, ['series', 'count']) ?? object.count ?? 1, 1),
  [{ ...NAME, priority: 1 }, (object) => object.metadata.name],
])

export const POD_COLUMNS = builtinColumns([
  name,
  text('Ready', (pod) => {
    const statuses = containerStatuses(pod)
    const ready = statuses.filter((status) => status.ready === true).length
    return `${ready}/${asArray(valueAt(pod, ['spec', 'containers'])).length}`
  }),
  text('Status', podStatus),
  text('Restarts', (pod, now) => restarts(pod, now)),
  created,
  text('IP', (pod) => valueAt(pod, ['status', 'podIP']) ?? '<none>', 1),
  text('Node', (pod) => valueAt(pod, ['spec', 'nodeName']) ?? '<none>', 1),
  text('Nominated Node', (pod) => valueAt(pod, ['status', 'nominatedNodeName']) ?? '<none>', 1),
  text('Readiness Gates', () => '<none>', 1),
])

function containerStatuses(pod: KubeObject): Json[] {
  return asArray(valueAt(pod, ['status', 'containerStatuses'])).filter(isRecord)
}

/** The one word that kubectl shows for a pod, found as kube-apiserver's printer finds it. */
function podStatus(pod: KubeObject): string {
  let word = String(valueAt(pod, ['status', 'reason']) ?? valueAt(pod, ['status', 'phase']) ?? '')
  for (const status of containerStatuses(pod).reverse()) {
    const waiting = valueAt(status, ['state', 'waiting', 'reason'])
    const terminated = valueAt(status, ['state', 'terminated'])
    if (waiting) word = String(waiting)
    else if (isRecord(terminated)) {
      const fallback = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`
      word = String(terminated.reason || fallback)
    }
  }
  return pod.metadata.deletionTimestamp ? 'Terminating' : word
}

function restarts(pod: KubeObject, now: number): string {
  const statuses = containerStatuses(pod)
  const count = statuses.reduce((sum, status) => sum + Number(status.restartCount ?? 0), 0)
  const ends = statuses.map((status) => valueAt(status, ['lastState', 'terminated', 'finishedAt'])).filter(Boolean)
  return count > 0 && ends.length > 0 ? `${count} (${age(ends.sort().at(-1), now)} ago)` : String(count)
}

function lastSeen(event: KubeObject): unknown {
  return (
    valueAt(event, ['series', 'lastObservedTime']) ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp
  )
}

/** A time as its age, in kubectl's short form: `45s`, `3m12s`, `5h`, `2d`. */
function age(time: unknown, now: number): string {
  const start = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (Number.isNaN(start)) return '<unknown>'
  const seconds = Math.floor((now - start) / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (days < 365 * 2) return `${days}d`
  return `${Math.floor(days / 365)}y`
}
