/** Messages, found by what they are and what they say. */
import { randomUUID } from 'node:crypto'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FakeWorker } from './fake-worker.ts'
import { type TestTenant, World } from './world.ts'

let world: World
let acme: TestTenant
let globex: TestTenant
const sessions: Record<string, { id: string; worker: FakeWorker }> = {}

beforeAll(async () => {
  world = await World.start()
  acme = await world.addTenant('acme')
  globex = await world.addTenant('globex')
  for (const name of ['support', 'sales']) sessions[name] = await world.addConnected(acme, name)
  sessions.theirs = await world.addConnected(globex, 'support')
  await receive('support', 'The blue boat leaves at nine')
  await receive('sales', 'A boat, blue or green?')
  await receive('support', 'Nine boats are too many')
  await receive('theirs', 'Our boat is blue')
  await receive('support', undefined, {
    type: 'document',
    content: { media: { mimeType: 'application/pdf', fileName: 'blue harbour.pdf', caption: 'Plan of the quay' } },
  })
})
afterAll(() => world.close())

async function receive(session: string, text: string | undefined, more: Partial<ReceivedMessage> = {}) {
  const { id, worker } = sessions[session]!
  const message: ReceivedMessage = {
    id: randomUUID(),
    chat: '5511999990002@s.whatsapp.net',
    whatsappId: randomUUID(),
    fromMe: false,
    type: 'text',
    content: { text },
    status: 'received',
    sentAt: new Date(),
    ...more,
  }
  await worker.write(id, { received: [{ ciphertextHash: randomUUID(), message }] })
}

interface Listed {
  session: string
  text?: string
  media: { fileName: string }
}

/** What is found, by its first words. */
async function found(query: string, where = '/v1/messages', tenant = acme): Promise<string[]> {
  const { body } = await world.call(tenant, `GET ${where}?${query}`)
  return body.data.map(({ session, text, media }: Listed) => `${session}: ${(text ?? media.fileName).slice(0, 8)}`)
}
const search = (words: string) => `search=${encodeURIComponent(words)}`

describe('messages of all sessions', () => {
  test('newest first, in pages', async () => {
    const whole = await found('limit=10')
    expect(whole).toEqual(['support: blue har', 'support: Nine boa', 'sales: A boat, ', 'support: The blue'])
    const pages: string[] = []
    let cursor = ''
    for (let more: string | null = ''; more !== null; cursor = `&cursor=${more}`) {
      pages.push(...(await found(`limit=1${cursor}`)))
      more = (await world.call(acme, `GET /v1/messages?limit=1${cursor}`)).body.nextCursor
    }
    expect(pages).toEqual(whole)
  })

  test('of one type', async () => {
    expect(await found('type=document')).toEqual(['support: blue har'])
  })
})

describe('a search', () => {
  test.each([
    ['boat', ['sales: A boat, ', 'support: The blue']],
    ['BOAT blue', ['sales: A boat, ', 'support: The blue']],
    ['boat -green', ['support: The blue']],
    ['"blue boat"', ['support: The blue']],
    ['boats or harbour', ['support: blue har', 'support: Nine boa']],
    ['quay', ['support: blue har']],
    ['submarine', []],
    ['!!!', []],
    ["' & | :* \\", []],
  ])('%s', async (words, wanted) => {
    expect(await found(search(words))).toEqual(wanted)
  })

  test('in one session, with other filters', async () => {
    expect(await found(search('boat'), '/v1/sessions/sales/messages')).toEqual(['sales: A boat, '])
    expect(await found(`${search('boat')}&direction=outgoing`)).toEqual([])
    expect(await found(`${search('blue')}&type=document&chat=%2B5511999990002`)).toEqual(['support: blue har'])
  })

  test('finds nothing of another tenant, whose id in it is a word like others', async () => {
    expect(await found(search('our'))).toEqual([])
    expect(await found(search('boat'), '/v1/messages', globex)).toEqual(['support: Our boat'])
    expect(await found(search(globex.id))).toEqual([])
    await receive('support', `ticket ${globex.id}`)
    expect(await found(search('ticket'), '/v1/messages', globex)).toEqual([])
  })
})

test('a message of any text is stored, however many words it has', async () => {
  const words = Array.from({ length: 30_000 }, (_, i) => i.toString(36)).join(' ')
  for (const text of [words, 'x'.repeat(300_000), `${'字'.repeat(3)} `.repeat(20_000), '<a '.repeat(50_000)]) {
    await receive('sales', text)
  }
  expect(await found('limit=5', '/v1/sessions/sales/messages')).toHaveLength(5)
})
