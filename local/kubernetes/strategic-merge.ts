/**
 * Strategic merge patch: a merge patch that joins lists by their merge key, as the schemas of the built-in kinds say.
 * Directives: `$patch: delete|replace`, `$retainKeys`, `$deleteFromPrimitiveList/x`, `$setElementOrder/x`.
 */
import { asArray, equal, isRecord, type Json } from './object.ts'
import { fieldSchema, type Schema } from './schema.ts'

const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
const ELEMENT_ORDER = '$setElementOrder/'

/** The patched value; `target` stays as it is. */
export function strategicMerge(target: unknown, patch: unknown, schema: Schema | undefined): unknown {
  if (!isRecord(patch)) return patch
  if (patch.$patch === 'replace') return withoutDirectives(patch)
  const result: Json = patch.$patch === 'delete' || !isRecord(target) ? {} : { ...target }
  if (Array.isArray(patch.$retainKeys)) {
    for (const name of Object.keys(result)) if (!patch.$retainKeys.includes(name)) delete result[name]
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(DELETE_PRIMITIVES)) {
      const field = name.slice(DELETE_PRIMITIVES.length)
      const gone = asArray(value)
      result[field] = asArray(result[field]).filter((item) => !gone.some((other) => equal(item, other)))
    }
    if (name.startsWith('$')) continue
    const child = fieldSchema(schema, name)
    if (value === null) delete result[name]
    else if (Array.isArray(value)) result[name] = mergeList(result[name], value, child)
    else result[name] = strategicMerge(result[name], value, child)
  }
  for (const [name, order] of Object.entries(patch)) {
    if (name.startsWith(ELEMENT_ORDER)) reorder(result, name.slice(ELEMENT_ORDER.length), asArray(order), schema)
  }
  return result
}

function mergeList(target: unknown, patch: unknown[], schema: Schema | undefined): unknown[] {
  const isMerged = schema?.['x-kubernetes-patch-strategy']?.split(',').includes('merge')
  if (!isMerged || patch.some(replacesList)) return patch.filter((item) => !replacesList(item)).map(withoutDirectives)
  const key = schema!['x-kubernetes-patch-merge-key']
  const left = [...asArray(target)]
  const named: unknown[] = []
  for (const item of patch) {
    if (!key || !isRecord(item)) {
      if (!left.some((other) => equal(other, item))) left.push(item)
      continue
    }
    const at = left.findIndex((other) => isRecord(other) && equal(other[key], item[key]))
    if (at >= 0 && item.$patch === 'delete') left.splice(at, 1)
    else if (at >= 0) left[at] = strategicMerge(left[at], item, schema!.items)
    else if (item.$patch !== 'delete') named.push(withoutDirectives(item))
  }
  // As in kube-apiserver, new items come before those that were there.
  return [...named, ...left]
}

/** Puts the items that the patch names into its order; the others keep their places after them. */
function reorder(record: Json, field: string, order: unknown[], schema: Schema | undefined): void {
  const list = record[field]
  if (!Array.isArray(list)) return
  const key = fieldSchema(schema, field)?.['x-kubernetes-patch-merge-key']
  const keyOf = (item: unknown) => (key && isRecord(item) ? item[key] : item)
  const rank = (item: unknown) => {
    const at = order.findIndex((entry) => equal(keyOf(entry), keyOf(item)))
    return at < 0 ? order.length : at
  }
  record[field] = [...list].sort((a, b) => rank(a) - rank(b))
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives)
  if (!isRecord(value)) return value
  const kept = Object.entries(value).filter(([name, child]) => !name.startsWith('$') && child !== null)
  return Object.fromEntries(kept.map(([name, child]) => [name, withoutDirectives(child)]))
}

/** `{$patch: replace}` in a list: the list is replaced by the other items. */
function replacesList(item: unknown): boolean {
  return isRecord(item) && item.$patch === 'replace' && Object.keys(item).length === 1
}
