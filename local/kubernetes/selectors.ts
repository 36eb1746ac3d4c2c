/** Label and field selectors. */
import { badRequest } from './api-error.ts'
import { fieldNames, type KubeObject, valueAt } from './object.ts'

export type Matcher = (object: KubeObject) => boolean

type LabelTest = (labels: Record<string, string>) => boolean

/** `a=b,c!=d,e in (f,g),!h,i` as a function. Throws 400 for what isn't a selector. */
export function labelMatcher(selector: string): Matcher {
  const tests = splitRequirements(selector).map(parseRequirement)
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}))
}

/** Commas separate requirements, except between parentheses. */
function splitRequirements(selector: string): string[] {
  if (selector.trim() === '') return []
  return selector.split(/,(?![^(]*\))/).map((part) => part.trim())
}

function parseRequirement(text: string): LabelTest {
  const set = /^([^\s!=<>()]+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text)
  if (set) {
    const [, key, operator, list] = set
    const values = new Set(list!.split(',').map((value) => value.trim()))
    if (operator === 'in') return (labels) => Object.hasOwn(labels, key!) && values.has(labels[key!]!)
    return (labels) => !Object.hasOwn(labels, key!) || !values.has(labels[key!]!)
  }
  const comparison = /^([^\s!=<>()]+)\s*(==|=|!=|>|<)\s*([^\s!=<>()]*)$/.exec(text)
  if (comparison) return comparisonTest(comparison[1]!, comparison[2]!, comparison[3]!)
  const existence = /^(!?)\s*([^\s!=<>()]+)$/.exec(text)
  if (existence) {
    const isNegated = existence[1] === '!'
    return (labels) => Object.hasOwn(labels, existence[2]!) !== isNegated
  }
  throw badRequest(`unable to parse requirement: ${JSON.stringify(text)}`)
}

function comparisonTest(key: string, operator: string, value: string): LabelTest {
  switch (operator) {
    case '!=':
      return (labels) => labels[key] !== value
    case '>':
      return (labels) => Number(labels[key]) > Number(value)
    case '<':
      return (labels) => Number(labels[key]) < Number(value)
    default:
      return (labels) => labels[key] === value
  }
}

/** `spec.nodeName=a,status.phase!=Running` as a function; only the fields in `selectable` may be asked for. */
export function fieldMatcher(selector: string, selectable: readonly string[]): Matcher {
  const parts = selector.split(',').filter((part) => part.trim() !== '')
  const tests = parts.map((part) => {
    const match = /^([^!=]+?)\s*(==|=|!=)\s*(.*)$/.exec(part.trim())
    if (!match) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`)
    const [, field, operator, value] = match
    if (!selectable.includes(field!)) throw badRequest(`field label not supported: ${field}`)
    const path = fieldNames(field!)
    const isEquality = operator !== '!='
    return (object: KubeObject) => (fieldText(object, path) === value) === isEquality
  })
  return (object) => tests.every((test) => test(object))
}

function fieldText(object: KubeObject, path: string[]): string {
  const value = valueAt(object, path)
  return value === undefined || value === null ? '' : String(value)
}
