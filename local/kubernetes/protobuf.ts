/**
 * Reads the protobuf bodies that newer kubectl sends for `create secret|configmap|namespace|serviceaccount|pdb`.
 * Field numbers: generated.proto files of k8s.io/api and k8s.io/apimachinery.
 */
import { ApiError } from './api-error.ts'
import { isRecord, type Json, timestamp } from './object.ts'

const MAGIC = Buffer.from('k8s\0')

type FieldType = 'string' | 'bytes' | 'int' | 'bool' | 'time' | 'intOrString' | Message

interface Field {
  name: string
  type: FieldType
  shape?: 'list' | 'map'
}

type Message = Record<number, Field>

function one(name: string, type: FieldType = 'string'): Field {
  return { name, type }
}

function list(name: string, type: FieldType = 'string'): Field {
  return { name, type, shape: 'list' }
}

function map(name: string, type: FieldType = 'string'): Field {
  return { name, type, shape: 'map' }
}

const ownerReference: Message = {
  1: one('kind'),
  3: one('name'),
  4: one('uid'),
  5: one('apiVersion'),
  6: one('controller', 'bool'),
  7: one('blockOwnerDeletion', 'bool'),
}

const objectMeta: Message = {
  1: one('name'),
  2: one('generateName'),
  3: one('namespace'),
  5: one('uid'),
  6: one('resourceVersion'),
  7: one('generation', 'int'),
  8: one('creationTimestamp', 'time'),
  11: map('labels'),
  12: map('annotations'),
  13: list('ownerReferences', ownerReference),
  14: list('finalizers'),
}

const labelSelector: Message = {
  1: map('matchLabels'),
  2: list('matchExpressions', { 1: one('key'), 2: one('operator'), 3: list('values') }),
}

const kinds: Record<string, Message> = {
  'v1/Secret': {
    1: one('metadata', objectMeta),
    2: map('data', 'bytes'),
    3: one('type'),
    4: map('stringData'),
    5: one('immutable', 'bool'),
  },
  'v1/ConfigMap': {
    1: one('metadata', objectMeta),
    2: map('data'),
    3: map('binaryData', 'bytes'),
    4: one('immutable', 'bool'),
  },
  'v1/Namespace': { 1: one('metadata', objectMeta), 2: one('spec', { 1: list('finalizers') }) },
  'v1/ServiceAccount': { 1: one('metadata', objectMeta), 4: one('automountServiceAccountToken', 'bool') },
  'policy/v1/PodDisruptionBudget': {
    1: one('metadata', objectMeta),
    2: one('spec', {
      1: one('minAvailable', 'intOrString'),
      2: one('selector', labelSelector),
      3: one('maxUnavailable', 'intOrString'),
      4: one('unhealthyPodEvictionPolicy'),
    }),
  },
  'authorization.k8s.io/v1/SelfSubjectAccessReview': {},
}

/** The object in a body of type `application/vnd.kubernetes.protobuf`. Throws 415 for kinds that it doesn't read. */
export function decodeProtobuf(body: Buffer): Json {
  if (!body.subarray(0, 4).equals(MAGIC)) throw unreadable('the body')
  const envelope = decode(body.subarray(4), {
    1: one('type', { 1: one('apiVersion'), 2: one('kind') }),
    2: one('raw', 'bytes'),
  })
  const { apiVersion, kind } = envelope.type as { apiVersion: string; kind: string }
  const message = kinds[`${apiVersion}/${kind}`]
  if (!message) throw unreadable(`a ${kind}`)
  return { apiVersion, kind, ...decode(Buffer.from(String(envelope.raw ?? ''), 'base64'), message) }
}

function unreadable(what: string): ApiError {
  const hint = 'use `kubectl apply -f`, which sends JSON'
  return new ApiError(415, 'UnsupportedMediaType', `this server can't read ${what} as protobuf: ${hint}`)
}

function decode(bytes: Buffer, message: Message): Json {
  const result: Json = {}
  const reader = new Reader(bytes)
  while (!reader.atEnd) {
    const tag = reader.varint()
    const field = message[Number(tag >> 3n)]
    const value = reader.value(Number(tag & 7n))
    if (field) set(result, field, value)
  }
  return result
}

function set(result: Json, field: Field, value: bigint | Buffer): void {
  const { name, type, shape } = field
  if (shape === 'list') {
    const items = (result[name] ?? []) as unknown[]
    result[name] = [...items, convert(value, type)]
  } else if (shape === 'map') {
    const entry = decode(value as Buffer, { 1: one('key'), 2: one('value', type) })
    result[name] = { ...(result[name] as Json | undefined), [String(entry.key ?? '')]: entry.value ?? '' }
  } else {
    const converted = convert(value, type)
    // Go writes empty strings and zero times; JSON leaves them out.
    if (converted !== '' && converted !== undefined) result[name] = converted
  }
}

function convert(value: bigint | Buffer, type: FieldType): unknown {
  if (isRecord(type)) return decode(value as Buffer, type as Message)
  switch (type) {
    case 'bool':
      return value === 1n
    case 'int':
      return Number(value)
    case 'bytes':
      return (value as Buffer).toString('base64')
    case 'time': {
      const { seconds } = decode(value as Buffer, { 1: one('seconds', 'int') })
      return seconds === undefined ? undefined : timestamp(new Date(Number(seconds) * 1000))
    }
    case 'intOrString': {
      const parts = decode(value as Buffer, { 1: one('type', 'int'), 2: one('int', 'int'), 3: one('text') })
      return parts.type === 1 ? (parts.text ?? '') : (parts.int ?? 0)
    }
    default:
      return (value as Buffer).toString('utf8')
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw unreadable('the body')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw unreadable('the body')
  }

  /** A field's value by its wire type; groups don't occur. */
  value(wireType: number): bigint | Buffer {
    switch (wireType) {
      case 0:
        return this.varint()
      case 1:
        return this.#take(8)
      case 2:
        return this.#take(Number(this.varint()))
      case 5:
        return this.#take(4)
      default:
        throw unreadable('the body')
    }
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw unreadable('the body')
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }
}
