/** Label and field selectors, judged by ourselves: an object that we wrote may no longer be one that we watch. */
import type { KubeObject } from '../model/meta.ts'

type Test = (object: KubeObject) => boolean

export interface Selectors {
  labelSelector?: string
  fieldSelector?: string
}

/** Whether the selectors pick an object. Throws on a selector that can't be read. */
export function compileSelectors({ labelSelector, fieldSelector }: Selectors): Test {
  const tests = [...split(labelSelector).map(labelTest), ...split(fieldSelector).map(fieldTest)]
  return (object) => tests.every((test) => test(object))
}

/** The requirements: separated by commas, except for those within brackets. */
const split = (selector = ''): string[] => selector.split(/,(?![^(]*\))/).filter((part) => part.trim() !== '')

function labelTest(requirement: string): Test {
  const set = /^\s*([^\s=!,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$/.exec(requirement)
  if (set) {
    const [, key = '', operator, list = ''] = set
    const values = new Set(list.split(',').map((value) => value.trim()))
    return (object) => values.has(object.metadata.labels?.[key] as string) === (operator === 'in')
  }
  const exists = /^\s*(!?)\s*([^\s=!,()]+)\s*$/.exec(requirement)
  if (exists) {
    const [, not, key = ''] = exists
    return (object) => (object.metadata.labels?.[key] === undefined) === (not === '!')
  }
  const { key, equal, value } = parseEquality(requirement)
  return (object) => (object.metadata.labels?.[key] === value) === equal
}

/** Fields are named by their path, as `status.placement.worker`; one that isn't set equals the empty string. */
function fieldTest(requirement: string): Test {
  const { key, equal, value } = parseEquality(requirement)
  const path = key.split('.')
  return (object) => (String(fieldAt(object, path) ?? '') === value) === equal
}

function parseEquality(requirement: string): { key: string; equal: boolean; value: string } {
  const match = /^\s*([^\s=!]+)\s*(==|=|!=)\s*(\S*)\s*$/.exec(requirement)
  if (!match) throw new Error(`not a selector: ${JSON.stringify(requirement)}`)
  const [, key = '', operator, value = ''] = match
  return { key, equal: operator !== '!=', value }
}

function fieldAt(object: unknown, path: string[]): unknown {
  let value = object
  for (const name of path) value = (value as Record<string, unknown> | undefined | null)?.[name]
  return value
}
