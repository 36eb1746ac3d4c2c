/** A worker that is told to stop: its sessions stay connected until their next worker asks for them, and none runs twice. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

let world: World
let leaving: TestWorker
let next: TestWorker
const accounts: { session: TestSession; phone: string }[] = []

beforeAll(async () => {
  world = await World.start()
  ;[leaving, next] = [await world.startWorker(), await world.startWorker()]
  for (const number of [1, 2]) {
    const phone = `551190000060${number}`
    await world.whatsapp.createPhone({ number: phone, name: `Phone ${number}` })
    const session = await world.addSession(`leaving-${number}`)
    await session.place(leaving)
    await session.link(leaving, phone)
    accounts.push({ session, phone })
  }
})
afterAll(() => world.close())

const ownerOf = async ({ id }: TestSession): Promise<string | undefined> => {
  const text = 'SELECT boot_id FROM session_owner WHERE session_id = $1 AND released_at IS NULL'
  return (await world.sql<{ boot_id: string }>(text, id))[0]?.boot_id
}

test('each is handed over, and a connection ends before the next begins', async () => {
  const stopped = leaving.stop({ handOver: true })
  for (const { session } of accounts) await session.place(next)
  for (const { session } of accounts) {
    await until(async () => ((await ownerOf(session)) === next.bootId ? true : undefined))
    await session.untilState('Connected')
  }
  await stopped
  for (const { phone } of accounts) {
    const logins = (await world.whatsapp.connections({ number: phone })).filter(({ loginAt }) => loginAt !== null)
    for (const [i, { loginAt }] of logins.entries()) {
      if (i > 0) expect(logins[i - 1]!.closedAt).toBeLessThanOrEqual(loginAt!)
    }
  }
  expect(await world.whatsapp.faults()).toEqual([])
})
