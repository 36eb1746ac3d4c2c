/** JSON patch (RFC 6902). */
import { ApiError, badRequest } from './api-error.ts'
import { equal, isRecord } from './object.ts'

type Container = Record<string, unknown> | unknown[]

/** Patches that are longer than this are refused, as by kube-apiserver. */
const MAX_OPERATIONS = 10_000

/** The patched document; `document` stays as it is. Throws 422 when an operation can't be done or a test fails. */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch')
  if (operations.length > MAX_OPERATIONS) {
    const message = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${operations.length}`
    throw new ApiError(413, 'RequestEntityTooLarge', message)
  }
  // In a box, so that the document itself can be replaced too.
  const box = { document: structuredClone(document) }
  for (const operation of operations) applyOperation(box, operation)
  return box.document
}

function applyOperation(box: { document: unknown }, operation: unknown): void {
  if (!isRecord(operation)) throw failed()
  const path = pointer(operation.path)
  const { op, from } = operation
  switch (op) {
    case 'add':
      add(box, path, structuredClone(operation.value))
      break
    case 'remove':
      remove(box, path)
      break
    case 'replace':
      read(box, path)
      replace(box, path, structuredClone(operation.value))
      break
    case 'move': {
      const value = read(box, pointer(from))
      remove(box, pointer(from))
      add(box, path, value)
      break
    }
    case 'copy':
      add(box, path, structuredClone(read(box, pointer(from))))
      break
    case 'test':
      if (!equal(readOrNull(box, path), operation.value ?? null)) throw failed()
      break
    default:
      throw failed()
  }
}

function pointer(path: unknown): string[] {
  if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw failed()
  const parts = path.split('/').slice(1)
  return ['document', ...parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))]
}

function read(box: unknown, path: string[]): unknown {
  let value = box
  for (const part of path) {
    if (Array.isArray(value)) value = value[index(part, value.length - 1)]
    else if (isRecord(value) && Object.hasOwn(value, part)) value = value[part]
    else throw failed()
  }
  return value
}

/** A test for null passes where there is nothing, as in the library that kube-apiserver uses. */
function readOrNull(box: unknown, path: string[]): unknown {
  const container = read(box, path.slice(0, -1))
  const isAbsent = isRecord(container) && !Object.hasOwn(container, path.at(-1)!)
  return isAbsent ? null : read(box, path)
}

function add(box: unknown, path: string[], value: unknown): void {
  const [container, last] = parent(box, path)
  if (Array.isArray(container))
    container.splice(last === '-' ? container.length : index(last, container.length), 0, value)
  else container[last] = value
}

function replace(box: unknown, path: string[], value: unknown): void {
  const [container, last] = parent(box, path)
  if (Array.isArray(container)) container[index(last, container.length - 1)] = value
  else container[last] = value
}

function remove(box: unknown, path: string[]): void {
  read(box, path)
  const [container, last] = parent(box, path)
  if (Array.isArray(container)) container.splice(index(last, container.length - 1), 1)
  else delete container[last]
}

function parent(box: unknown, path: string[]): [Container, string] {
  const container = read(box, path.slice(0, -1))
  if (!Array.isArray(container) && !isRecord(container)) throw failed()
  return [container, path.at(-1)!]
}

function index(part: string, max: number): number {
  const value = /^(0|[1-9]\d*)$/.test(part) ? Number(part) : Number.NaN
  if (!(value <= max)) throw failed()
  return value
}

function failed(): ApiError {
  return new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
}
