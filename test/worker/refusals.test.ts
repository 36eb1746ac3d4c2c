/** What a worker makes of logins that WhatsApp refuses: one state that says what to do, and no login more than the rule has. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { type TestWorker, World } from './world.ts'

let world: World
let worker: TestWorker

beforeAll(async () => {
  world = await World.start()
  worker = await world.startWorker()
})
afterAll(async () => {
  expect(await world.whatsapp.faults()).toEqual([])
  await world.close()
})

/** A linked session whose next logins are refused, once or always; answers how many were. */
async function refused(
  name: string,
  phone: string,
  action: { code: string; seconds?: number },
  count: number | null = null,
): Promise<{ session: TestSession; refusals: () => Promise<number> }> {
  await world.whatsapp.createPhone({ number: phone, name })
  const session = await world.addSession(name)
  await session.place(worker)
  await session.link(worker, phone)
  const { device } = (await world.whatsapp.devices()).find((one) => one.number === phone)!
  const match = { direction: 'from-device', number: phone, device, tag: 'login' } as const
  const { id } = await world.whatsapp.disturb({ match, action: { kind: 'refuse', ...action }, count })
  await world.whatsapp.force(phone, device, 'drop')
  const refusals = async () => (await world.whatsapp.disturbances()).find((one) => one.id === id)!.used
  return { session, refusals }
}

/** As the resource has it, told by an owner of at least this epoch. */
const told = (session: TestSession, state: string, epoch: number) =>
  until(async () => {
    const { status } = await session.resource()
    return status?.connection?.state === state && status.connection.epoch >= epoch ? status : undefined
  })

/** What the customer was told last. */
const lastEvent = async ({ id }: TestSession): Promise<object> => {
  const [event] = await world.sql<{ data: object }>(
    'SELECT data FROM event WHERE session_id = $1 ORDER BY seq DESC LIMIT 1',
    id,
  )
  return event!.data
}

const FINAL = [
  ['403', 'Banned', 'Locked'],
  ['405', 'Failed', 'ClientOutdated'],
  ['406', 'Banned', 'Banned'],
] as const

test('refused for good: the resource says why, and nobody logs in again; another owner asks again only if that can help', async () => {
  const sessions: (Awaited<ReturnType<typeof refused>> & { state: string; reason: string })[] = []
  for (const [code, state, reason] of FINAL) {
    sessions.push({ state, reason, ...(await refused(`c${code}`, `551190000${code}1`, { code })) })
  }
  const other = await world.startWorker()
  for (const { session, refusals, state, reason } of sessions) {
    const { connection, conditions } = await told(session, state, 1)
    expect(connection).toMatchObject({ state, reason, message: expect.stringMatching(/stop and start|update Berth/) })
    expect(conditions?.find(({ type }) => type === 'Connected')).toMatchObject({ status: 'False', reason })
    expect(await refusals()).toBe(1)
    await expect.poll(() => lastEvent(session)).toMatchObject({ state, reason, message: connection!.message })
    await session.place(other)
  }
  for (const { session, refusals, state, reason } of sessions) {
    const asksAgain = reason === 'ClientOutdated'
    if (asksAgain) await until(async () => ((await refusals()) === 2 ? true : undefined))
    await told(session, state, 2)
    expect(await refusals()).toBe(asksAgain ? 2 : 1)
  }
})

test('banned for a time: says until when; this owner and the next log in after it, by themselves', async () => {
  const phone = '5511900004021'
  const { session, refusals } = await refused('for-a-time', phone, { code: '402', seconds: 2 }, 1)
  const { connection } = await told(session, 'Banned', 1)
  expect(connection).toMatchObject({ reason: 'TemporarilyBanned', message: expect.stringMatching(/ until 20.* UTC/) })
  await session.place(await world.startWorker())
  await told(session, 'Connected', 2)
  expect(await refusals()).toBe(1)
  const connections = await world.whatsapp.connections()
  const { closedAt: bannedAt } = connections.find(({ reason }) => reason?.includes('refused with 402'))!
  const logins = connections.filter((one) => one.number === phone && one.loginAt! > bannedAt!)
  expect(logins).not.toEqual([])
  for (const { loginAt } of logins) expect(loginAt! - bannedAt!).toBeGreaterThan(1900)
})

test('used elsewhere: another owner does not try at once either', async () => {
  const phone = '5511900004401'
  await world.whatsapp.createPhone({ number: phone, name: 'Elsewhere' })
  const session = await world.addSession('elsewhere')
  await session.place(worker)
  await session.link(worker, phone)
  const logins = async () => (await world.whatsapp.connections({ number: phone })).filter((one) => one.loginAt).length
  const { device } = (await world.whatsapp.devices()).find((one) => one.number === phone)!
  const before = await logins()
  await world.whatsapp.force(phone, device, 'replaced')
  expect((await told(session, 'UsedElsewhere', 1)).connection).toMatchObject({ attempt: 1 })
  await session.place(await world.startWorker())
  expect((await told(session, 'UsedElsewhere', 2)).connection).toMatchObject({ attempt: 1, reason: 'Replaced' })
  expect(await logins()).toBe(before)
})
