import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readServerSentEvents } from './server-sent-events.ts'

const TEXT =
  ': heartbeat\n\nid: 1\nevent: state\ndata: {"state":"Connecting","name":"João"}\n\nid: 2\ndata: 2\n\nevent: half\ndata: '

async function read(chunks: Uint8Array[]) {
  const stream = (async function* () {
    yield* chunks
  })()
  return Array.fromAsync(readServerSentEvents(stream))
}

test('however the stream is cut, the same events come out of it', async () => {
  const bytes = new TextEncoder().encode(TEXT)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const ends = [...cuts.toSorted((a, b) => a - b), bytes.length]
      const chunks = ends.map((end, index) => bytes.slice(index === 0 ? 0 : ends[index - 1], end))
      expect(await read(chunks)).toEqual([
        { event: 'state', data: { state: 'Connecting', name: 'João' } },
        { event: 'message', data: 2 },
      ])
    }),
  )
})
