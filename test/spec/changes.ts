/** Which fields are changed together: those with the same effect, or with BERTH_FULL=1 each one alone. */
import type { Kind } from '@berth/core/model/kind.ts'
import type { Values } from '../operator/customer.ts'
import type { Part } from '../operator/end-state.ts'
import { type Field, fieldsOf, isLeaf } from './fields.ts'
import type { Entry } from './table.ts'

export interface Change {
  name: string
  /** Of other fields than before. */
  values: Values
  /** What can be left out then. */
  removable: string[]
  shows: Part[]
  oneWay: RegExp | undefined
}

/** In the order of the alphabet. */
const PARTS: readonly Part[] = ['mirror', 'pods', 'sessions', 'tenants', 'tiers', 'workers']

export function changesOf(kind: Kind, entries: Record<string, Entry>): Change[] {
  const fields = fieldsOf(kind)
  const changed = fields.filter(({ path }) => entries[path]?.other !== undefined)
  const parents = fields.filter((field) => !isLeaf(field) && !field.isRequired)
  const isChildOf =
    ({ path }: Field) =>
    (field: Field) =>
      field.path.startsWith(`${path}.`) && !entries[field.path]?.oneWay
  const whole = parents.flatMap((parent) => {
    const children = changed.filter(isChildOf(parent))
    return children.length > 0 ? [changeOf(children, [parent.path], entries)] : []
  })
  const single = (of: readonly Field[]) => of.map((field) => changeOf([field], removableOf(field), entries))
  if (process.env.BERTH_FULL) return [...single(changed), ...whole]
  const lone = changed.filter((field) => !parents.some((parent) => isChildOf(parent)(field)))
  return [...Map.groupBy(single(lone), signatureOf).values(), whole].filter((group) => group.length > 0).map(merged)
}

function changeOf(fields: readonly Field[], removable: string[], entries: Record<string, Entry>): Change {
  const own = fields.map(({ path }) => entries[path]!)
  return {
    name: fields.map(({ path }) => path).join(', '),
    values: Object.assign(
      {},
      ...fields.map(({ path }, index) => ({ [path]: own[index]!.other, ...own[index]!.along })),
    ),
    removable,
    shows: PARTS.filter((part) => own.some(({ shows }) => shows.includes(part))),
    oneWay: own.find(({ oneWay }) => oneWay)?.oneWay,
  }
}

const removableOf = ({ path, isRequired }: Field): string[] => (isRequired ? [] : [path])

/** Those that need others along, or can't be taken back, stay alone. */
const signatureOf = ({ name, values, shows, oneWay }: Change): string =>
  oneWay || Object.keys(values).length > 1 ? name : shows.join()

const merged = (changes: readonly Change[]): Change => ({
  name: changes.map(({ name }) => name).join(', '),
  values: Object.assign({}, ...changes.map(({ values }) => values)),
  removable: changes.flatMap(({ removable }) => removable),
  shows: PARTS.filter((part) => changes.some(({ shows }) => shows.includes(part))),
  oneWay: changes[0]?.oneWay,
})
