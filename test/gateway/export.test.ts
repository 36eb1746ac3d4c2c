/** The export of a tenant, and the erasure of a contact. */
import { randomUUID } from 'node:crypto'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestTenant, World } from './world.ts'

const ANA = { senderPhone: '+5511999990002', chat: '5511999990002@s.whatsapp.net' }
const BOB = { senderPhone: '+5511999990003', chat: '5511999990003@s.whatsapp.net' }
/** More than a page of the export. */
const MANY = 450

let world: World
let acme: TestTenant
let globex: TestTenant

beforeAll(async () => {
  world = await World.start()
  acme = await world.addTenant('acme')
  globex = await world.addTenant('globex')
  for (const [tenant, name, count] of [
    [acme, 'support', MANY],
    [acme, 'sales', 3],
    [globex, 'support', 1],
  ] as const) {
    const { id, worker } = await world.addConnected(tenant, name)
    const received = Array.from({ length: count }, (_, i) => {
      const message: ReceivedMessage = {
        id: randomUUID(),
        whatsappId: randomUUID(),
        fromMe: false,
        type: 'text',
        content: { text: `${tenant.name} ${name} ${i}` },
        status: 'received',
        sentAt: new Date(),
        ...(i % 2 ? BOB : ANA),
      }
      return { ciphertextHash: randomUUID(), message }
    })
    await worker.write(id, { received })
  }
})
afterAll(() => world.close())

interface Line {
  kind: string
  session: string
  cursor: string
  data: { text?: string; id?: string; chat?: string }
}

async function exported(tenant: TestTenant, query = ''): Promise<Line[]> {
  const { status, headers, text } = await world.call(tenant, `GET /v1/export${query}`)
  expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const texts = (lines: Line[]) => lines.flatMap(({ data }) => data?.text ?? [])
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `acme ${name} ${i}`)

test('everything of the own sessions, once and in order, and a last line', async () => {
  const lines = await exported(acme)
  expect(lines.at(-1)).toEqual({ kind: 'end' })
  expect(texts(lines.filter(({ session }) => session === 'support'))).toEqual(numbered('support', MANY))
  expect(texts(lines.filter(({ session }) => session === 'sales'))).toEqual(numbered('sales', 3))
  const kinds = Map.groupBy(lines, ({ kind, session }) => `${session} ${kind}`)
  expect(kinds.get('support contact')!.map(({ data }) => data.id)).toEqual([ANA.chat, BOB.chat])
  expect(kinds.get('sales conversation')!.map(({ data }) => data.chat)).toEqual([ANA.chat, BOB.chat])
  expect(texts(await exported(globex))).toEqual(['globex support 0'])
})

test('goes on behind any line', async () => {
  const lines = await exported(acme)
  for (const index of [0, 3, 5, 210, 300, lines.length - 2]) {
    expect(await exported(acme, `?cursor=${lines[index]!.cursor}`)).toEqual(lines.slice(index + 1))
  }
  // Another tenant's cursor is a place like any other, with nothing of the other's behind it.
  expect(texts(await exported(globex, `?cursor=${lines[0]!.cursor}`))).not.toContain('acme support 0')
  expect((await world.call(acme, 'GET /v1/export?cursor=bm8')).status).toBe(422)
})

test('a contact that is erased is gone everywhere, and a second time is none', async () => {
  const erase = (tenant: TestTenant) => world.call(tenant, 'DELETE /v1/sessions/support/contacts/+5511999990002')
  expect((await erase(acme)).status).toBe(204)
  const left = (await exported(acme)).filter(({ session }) => session === 'support')
  expect(texts(left)).toEqual(numbered('support', MANY).filter((_, i) => i % 2))
  expect(left.flatMap(({ data }) => [data.id, data.chat])).not.toContain(ANA.chat)
  expect(texts(await exported(globex))).toEqual(['globex support 0'])
  const nobody = await world.call(acme, 'DELETE /v1/sessions/support/contacts/+5511999990099')
  expect([nobody.status, nobody.body.code]).toEqual([404, 'contact_unknown'])
})
