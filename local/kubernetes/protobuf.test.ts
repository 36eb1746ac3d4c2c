import { expect, test } from 'vitest'
import { decodeProtobuf } from './protobuf.ts'

/** A length-delimited field; all lengths here fit one byte. */
function field(number: number, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body as string)
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
}

function envelope(apiVersion: string, kind: string, raw: Buffer): Buffer {
  const type = Buffer.concat([field(1, apiVersion), field(2, kind)])
  return Buffer.concat([Buffer.from('k8s\0'), field(1, type), field(2, raw), field(3, ''), field(4, '')])
}

test('a secret is read', () => {
  const metadata = Buffer.concat([
    field(1, 's1'),
    field(2, ''),
    field(3, 'default'),
    field(11, Buffer.concat([field(1, 'l'), field(2, 'v')])),
  ])
  const entry = Buffer.concat([field(1, 'a'), field(2, 'b')])
  const raw = Buffer.concat([field(1, metadata), field(2, entry), field(3, 'Opaque')])
  expect(decodeProtobuf(envelope('v1', 'Secret', raw))).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's1', namespace: 'default', labels: { l: 'v' } },
    data: { a: 'Yg==' },
    type: 'Opaque',
  })
})

test('a disruption budget with a number and with a percentage is read', () => {
  const number = Buffer.from([0x08, 0, 0x10, 3])
  const text = Buffer.concat([Buffer.from([0x08, 1]), field(3, '50%')])
  const raw = field(2, Buffer.concat([field(1, number), field(3, text)]))
  expect(decodeProtobuf(envelope('policy/v1', 'PodDisruptionBudget', raw)).spec).toEqual({
    minAvailable: 3,
    maxUnavailable: '50%',
  })
})

test('a kind that it cannot read is refused with what to do instead', () => {
  expect(() => decodeProtobuf(envelope('v1', 'Service', Buffer.alloc(0)))).toThrow('use `kubectl apply -f`')
})

test('a broken body is refused', () => {
  expect(() => decodeProtobuf(Buffer.from('hello'))).toThrow("can't read the body")
  const body = envelope('v1', 'Secret', field(1, field(1, 'name')))
  expect(() => decodeProtobuf(body.subarray(0, body.length - 9))).toThrow("can't read")
})
