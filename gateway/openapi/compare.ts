/**
 * What a new API document breaks for programs that were written against an older one. Pure. The rules of the document's
 * chapter "What may change": requests may get looser and answers richer, never the other way round.
 *
 * Patterns are compared as text: a new one may well take all that the old one took, but nobody can be sure.
 */
import { type ApiDocument, type Operation, operationsOf, resolve, type Schema } from './document.ts'

type Schemas = Record<string, Schema>

/** One sentence for each thing that breaks. */
export function breakingChanges(released: ApiDocument, current: ApiDocument): string[] {
  const now = new Map(operationsOf(current).map((located) => [`${located.method} ${located.path}`, located.operation]))
  return operationsOf(released).flatMap(({ method, path, operation: before }) => {
    const where = `${method.toUpperCase()} ${path}`
    const after = now.get(`${method} ${path}`)
    if (!after) return [`${where} was removed.`]
    const comparison = new Comparison(released.components.schemas, current.components.schemas)
    if (before.operationId !== after.operationId) {
      comparison.found.push(`${where} was renamed from ${before.operationId} to ${after.operationId}.`)
    }
    comparison.parameters(before.parameters ?? [], after.parameters ?? [], where)
    comparison.body(before.requestBody, after.requestBody, where)
    comparison.answers(before.responses, after.responses, where)
    return comparison.found
  })
}

class Comparison {
  readonly found: string[] = []
  readonly #before: Schemas
  readonly #after: Schemas
  /** Pairs of components that are being compared, since schemas may refer to themselves. */
  readonly #open: Set<string>

  constructor(before: Schemas, after: Schemas, open: Iterable<string> = []) {
    this.#before = before
    this.#after = after
    this.#open = new Set(open)
  }

  parameters(
    before: NonNullable<Operation['parameters']>,
    after: NonNullable<Operation['parameters']>,
    where: string,
  ): void {
    const same = (a: { in: string; name: string }) => (b: { in: string; name: string }) =>
      a.in === b.in && a.name === b.name
    for (const old of before) {
      const what = `${where}: the ${old.in} parameter "${old.name}"`
      const found = after.find(same(old))
      if (!found) this.found.push(`${what} was removed.`)
      else {
        if (found.required && !old.required) this.found.push(`${what} is required now.`)
        this.#input(old.schema, found.schema, what)
      }
    }
    for (const added of after) {
      if (added.required && !before.some(same(added))) {
        this.found.push(`${where}: the ${added.in} parameter "${added.name}" is new and required.`)
      }
    }
  }

  body(before: Operation['requestBody'], after: Operation['requestBody'], where: string): void {
    if (!before) {
      if (after?.required) this.found.push(`${where}: a request body is required now.`)
      return
    }
    if (!after) {
      this.found.push(`${where}: the request body was removed.`)
      return
    }
    if (after.required && !before.required) this.found.push(`${where}: the request body is required now.`)
    for (const [type, media] of Object.entries(before.content)) {
      const found = after.content[type]
      if (!found) this.found.push(`${where}: the request body can no longer be ${type}.`)
      else this.#input(media.schema, found.schema, `${where}: the request body`)
    }
  }

  /** Problems may come and go with their causes; what a success looks like may not. */
  answers(before: Operation['responses'], after: Operation['responses'], where: string): void {
    for (const [status, { content }] of Object.entries(before)) {
      if (!status.startsWith('2')) continue
      const found = after[status]
      if (!found) {
        this.found.push(`${where}: the answer ${status} was removed.`)
        continue
      }
      for (const [type, media] of Object.entries(content ?? {})) {
        const now = found.content?.[type]
        if (!now) this.found.push(`${where}: the answer ${status} can no longer be ${type}.`)
        else this.#output(media.schema, now.schema, `${where}: the answer ${status}`)
      }
    }
  }

  #input(before: Schema, after: Schema, what: string): void {
    this.#compare(before, after, (old, now) => {
      const choices = now.oneOf ?? now.anyOf
      if (choices) return this.#oneOf(old.oneOf ?? old.anyOf ?? [old], choices, what)
      const refused = typesOf(old).filter((type) => !takes(now, type))
      if (refused.length > 0) this.found.push(`${what} can no longer be ${refused.join(' or ')}.`)
      if (now.const !== undefined && now.const !== old.const) this.found.push(`${what} takes only ${now.const} now.`)
      if (now.enum && !old.enum) this.found.push(`${what} takes only ${now.enum.join(', ')} now.`)
      for (const key of ['pattern', 'format'] as const) {
        if (now[key] !== undefined && now[key] !== old[key]) this.found.push(`${what} must fit another ${key} now.`)
      }
      for (const key of ['minimum', 'minLength'] as const) {
        if ((now[key] ?? -Infinity) > (old[key] ?? -Infinity)) this.found.push(`${what} has a higher ${key} now.`)
      }
      for (const key of ['maximum', 'maxLength'] as const) {
        if ((now[key] ?? Infinity) < (old[key] ?? Infinity)) this.found.push(`${what} has a lower ${key} now.`)
      }
      for (const name of now.required ?? []) {
        if (!old.required?.includes(name)) this.found.push(`${what} must have "${name}" now.`)
      }
      this.#below(old, now, what, (a, b, part) => this.#input(a, b, part))
    })
  }

  #output(before: Schema, after: Schema, what: string): void {
    this.#compare(before, after, (old, now) => {
      const added = typesOf(now).filter((type) => !takes(old, type))
      if (added.length > 0) this.found.push(`${what} can be ${added.join(' or ')} now.`)
      if (now.format !== old.format) this.found.push(`${what} has another format now.`)
      for (const name of old.required ?? []) {
        if (now.properties?.[name] && !now.required?.includes(name)) {
          this.found.push(`${what} may lack "${name}" now.`)
        }
      }
      this.#below(old, now, what, (a, b, part) => this.#output(a, b, part))
    })
  }

  /** Each of the old alternatives must still be taken, by whichever of the new ones; of what breaks, the least is told. */
  #oneOf(before: Schema[], after: Schema[], what: string): void {
    for (const old of before) {
      const tries = after.map((now) => {
        const comparison = new Comparison(this.#before, this.#after, this.#open)
        comparison.#input(old, now, what)
        return comparison.found
      })
      this.found.push(...tries.reduce((best, found) => (found.length < best.length ? found : best)))
    }
  }

  /** What goes for both directions: values and fields that were there stay there. */
  #below(old: Schema, now: Schema, what: string, go: (before: Schema, after: Schema, part: string) => void): void {
    for (const value of old.enum ?? []) {
      if (now.enum && !now.enum.includes(value)) this.found.push(`${what} no longer knows the value ${value}.`)
    }
    for (const [name, part] of Object.entries(old.properties ?? {})) {
      const found = now.properties?.[name]
      if (!found) this.found.push(`${what} no longer has "${name}".`)
      else go(part, found, `${what}, field "${name}"`)
    }
    if (old.items && now.items) go(old.items, now.items, `${what}, each item`)
    for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
      const [before, after] = [old[key] ?? [], now[key] ?? []]
      if (before.length !== after.length) this.found.push(`${what} has other alternatives now.`)
      else for (const [i, part] of before.entries()) go(part, after[i]!, what)
    }
  }

  #compare(before: Schema, after: Schema, compare: (old: Schema, now: Schema) => void): void {
    const pair = before.$ref && after.$ref && `${before.$ref} ${after.$ref}`
    if (pair && this.#open.has(pair)) return
    if (pair) this.#open.add(pair)
    compare(resolve(before, this.#before), resolve(after, this.#after))
    if (pair) this.#open.delete(pair)
  }
}

const typesOf = ({ type }: Schema): string[] => [type ?? []].flat()

/** Whether a schema allows a type; one that names none allows all, and each integer is a number. */
function takes(schema: Schema, type: string): boolean {
  const types = typesOf(schema)
  return types.length === 0 || types.includes(type) || (type === 'integer' && types.includes('number'))
}
