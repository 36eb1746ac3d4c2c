/**
 * Sets of fields, as `metadata.managedFields` stores them. Each element of a path is spelled as there: `f:name` for a
 * field, `k:{"type":"Ready"}` for an item of a map-like list, `v:"x"` for a member of a set.
 * Follows sigs.k8s.io/structured-merge-diff, package fieldpath.
 */
import { isRecord, type Json } from './object.ts'

export class FieldSet {
  /** Whether the field itself belongs to the set; its parts are in `children`. */
  isMember = false
  readonly children = new Map<string, FieldSet>()

  static fromFieldsV1(fields: unknown): FieldSet {
    const set = new FieldSet()
    if (!isRecord(fields)) return set
    for (const [element, nested] of Object.entries(fields)) {
      if (element === '.') {
        set.isMember = true
        continue
      }
      const child = FieldSet.fromFieldsV1(nested)
      // `{}` is a member without parts.
      if (isRecord(nested) && Object.keys(nested).length === 0) child.isMember = true
      set.children.set(element, child)
    }
    return set
  }

  toFieldsV1(): Json {
    const fields: Json = {}
    if (this.isMember && this.children.size > 0) fields['.'] = {}
    for (const element of [...this.children.keys()].sort()) fields[element] = this.children.get(element)!.toFieldsV1()
    return fields
  }

  get isEmpty(): boolean {
    return !this.isMember && this.children.size === 0
  }

  insert(path: readonly string[]): void {
    let node: FieldSet = this
    for (const element of path) {
      let child = node.children.get(element)
      if (!child) {
        child = new FieldSet()
        node.children.set(element, child)
      }
      node = child
    }
    node.isMember = true
  }

  has(path: readonly string[]): boolean {
    let node: FieldSet | undefined = this
    for (const element of path) node = node?.children.get(element)
    return node?.isMember ?? false
  }

  union(other: FieldSet): FieldSet {
    return combine(this, other, (a, b) => a || b)
  }

  intersection(other: FieldSet): FieldSet {
    return combine(this, other, (a, b) => a && b)
  }

  difference(other: FieldSet): FieldSet {
    return combine(this, other, (a, b) => a && !b)
  }

  /** Leaves out every member of `other` together with all its parts. */
  without(other: FieldSet): FieldSet {
    if (other.isMember) return new FieldSet()
    const result = new FieldSet()
    result.isMember = this.isMember
    for (const [element, child] of this.children) {
      const cut = other.children.get(element)
      const rest = cut ? child.without(cut) : child
      if (!rest.isEmpty) result.children.set(element, rest)
    }
    return result
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty
  }

  /** Every member as a path of elements; the members of a level come before those below it. */
  *paths(prefix: string[] = []): Generator<string[]> {
    const children = [...this.children].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [element, child] of children) if (child.isMember) yield [...prefix, element]
    for (const [element, child] of children) yield* child.paths([...prefix, element])
  }
}

function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const result = new FieldSet()
  result.isMember = keep(a.isMember, b.isMember)
  for (const element of new Set([...a.children.keys(), ...b.children.keys()])) {
    const child = combine(a.children.get(element) ?? EMPTY, b.children.get(element) ?? EMPTY, keep)
    if (!child.isEmpty) result.children.set(element, child)
  }
  return result
}

const EMPTY = new FieldSet()

/** A set of fields, one path each. */
export function fieldSetOf(...paths: string[][]): FieldSet {
  const set = new FieldSet()
  for (const path of paths) set.insert(path)
  return set
}

/** A path as messages show it: `.spec.hooks[url="x"].retries`. */
export function showPath(path: readonly string[]): string {
  return path.map(showElement).join('')
}

function showElement(element: string): string {
  const body = element.slice(2)
  if (element.startsWith('f:')) return `.${body}`
  if (element.startsWith('k:')) {
    const key = JSON.parse(body) as Json
    const fields = Object.entries(key).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    return `[${fields.join(',')}]`
  }
  return element.startsWith('v:') ? `[=${body}]` : `[${body}]`
}
