// Linking by a code with the unmodified Baileys: the device shows it, a person types it on the phone.
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'
import { World } from './testing/world.ts'

// A busy machine is no failure.
vi.setConfig({ testTimeout: 20_000, hookTimeout: 20_000 })

const shop = '5511900000001'
const other = '5511900000002'
let world: World
/** How far the simulator's clock is ahead. */
let ahead = 0

beforeAll(async () => {
  world = await World.start({ Shop: shop, Other: other }, { now: () => Date.now() + ahead })
})

afterEach(async () => {
  expect(await world.api.faults()).toEqual([])
})

afterAll(() => world.stop())

/** A client that shows a code for the number, and the code. */
async function showing(number: string): Promise<{ client: TestClient; code: string }> {
  const client = world.connect()
  await client.qr()
  return { client, code: await ask(client, number) }
}

async function ask(client: TestClient, number: string): Promise<string> {
  const code = await client.socket.requestPairingCode(number)
  // Baileys doesn't wait for the answer. The keep-alive's comes after it.
  await client.socket.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } })
  return code
}

it('links the device that shows the code, after a wrong one was refused', async () => {
  const { client, code } = await showing(shop)
  expect(await world.api.waiting()).toMatchObject([{ codeFor: shop }])
  await expect(world.api.typeCode(shop, 'AAAA-AAAA')).rejects.toMatchObject({ status: 422, code: 'code_wrong' })
  const device = await world.api.typeCode(shop, `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`)
  expect(device).toMatchObject({ number: shop, device: 1, online: false })
  expect(await client.closed()).toBe(515)
  expect(client.auth.creds.me).toMatchObject({ id: `${shop}:1@s.whatsapp.net`, name: 'Shop' })
  const linked = await world.login(client.auth)
  const id = await linked.sendText(other, 'linked by a code')
  await until(() => linked.status(id) >= 3, 'the delivered receipt')
  await expect(world.api.typeCode(shop, code)).rejects.toMatchObject({ status: 410, code: 'code_expired' })
})

it('knows the latest code only', async () => {
  const { client, code: first } = await showing(shop)
  const second = await ask(client, shop)
  await expect(world.api.typeCode(shop, first)).rejects.toMatchObject({ code: 'code_wrong' })
  await world.api.typeCode(shop, second)
  expect(await client.closed()).toBe(515)
})

it('refuses a code that nobody shows (any more)', async () => {
  const { client, code } = await showing(other)
  await expect(world.api.typeCode(shop, code)).rejects.toMatchObject({ code: 'code_expired' })
  await expect(world.api.typeCode('5511999999999', code)).rejects.toMatchObject({ code: 'phone_not_found' })
  await expect(world.api.typeCode(other, 'ABC')).rejects.toMatchObject({ code: 'invalid_request' })
  ahead = 181_000
  await expect(world.api.typeCode(other, code)).rejects.toMatchObject({ code: 'code_expired' })
  ahead = 0
  client.end()
  await until(async () => (await world.api.waiting()).length === 0, 'the client to be gone')
  await expect(world.api.typeCode(other, code)).rejects.toMatchObject({ code: 'code_expired' })
})
