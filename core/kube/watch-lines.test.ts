import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isGone } from './error.ts'
import { readWatchEvents, WatchFormatError } from './watch-lines.ts'

async function* chunksOf(bytes: Uint8Array, cuts: number[] = []): AsyncGenerator<Uint8Array> {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  let from = 0
  for (const place of [...places, bytes.length]) {
    yield bytes.subarray(from, place)
    from = place
  }
}

const lines = (...objects: unknown[]) => new TextEncoder().encode(objects.map((o) => `${JSON.stringify(o)}\n`).join(''))
const read = (bytes: Uint8Array, cuts?: number[]) => Array.fromAsync(readWatchEvents(chunksOf(bytes, cuts)))

test('events come out whole wherever the stream is cut into chunks, within a character too', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary' })),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (names, cuts) => {
        const events = names.map((name) => ({ type: 'ADDED', object: { metadata: { name } } }))
        expect(await read(lines(...events), cuts)).toEqual(events)
      },
    ),
  )
})

test('half a line at the end is dropped', async () => {
  const bytes = lines({ type: 'ADDED', object: {} }, { type: 'MODIFIED', object: {} })
  expect(await read(bytes.subarray(0, -3))).toHaveLength(1)
})

test.each(['garbage', '{"type":"ADDED"}', '{"type":"SOMETHING","object":{}}', 'null'])(
  '%s is refused',
  async (line) => {
    await expect(read(new TextEncoder().encode(`${line}\n`))).rejects.toThrow(WatchFormatError)
  },
)

test('an ERROR event is thrown as what it says', async () => {
  const event = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } }
  const error = await read(lines(event)).catch((e: unknown) => e)
  expect(isGone(error)).toBe(true)
})
