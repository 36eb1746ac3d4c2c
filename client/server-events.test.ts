import { expect, test } from 'vitest'
import { type ServerEvent, serverEvents } from './server-events.ts'

const STREAM = `: heartbeat

id: 1
event: state
data: {"state":"Connecting"}

data: [1,
data: 2]

id: 3
event: qr
data: {"qr":"é"}

event: unfinished
data: {}`

const EVENTS: ServerEvent[] = [
  { id: '1', event: 'state', data: { state: 'Connecting' } },
  { event: 'message', data: [1, 2] },
  { id: '3', event: 'qr', data: { qr: 'é' } },
]

test.each([1, 2, 7, 10_000])('events are read whole, whatever the chunks (%i bytes)', async (size) => {
  const bytes = new TextEncoder().encode(STREAM)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }
  expect(await Array.fromAsync(serverEvents(chunks()))).toEqual(EVENTS)
})
