// Linking, login and 1:1 text with the unmodified Baileys.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SimulatorClient } from './client.ts'
import { type Simulator, startSimulator } from './server.ts'
import { link, TestClient } from './testing/baileys.ts'
import { until } from './testing/until.ts'

const account = '5511900000001'
const ana = '5511911111111'
let simulator: Simulator
let api: SimulatorClient
let client: TestClient

beforeAll(async () => {
  simulator = await startSimulator({
    dataDir: mkdtempSync(join(tmpdir(), 'simulator-')),
    onFault: (f) => console.log(f),
  })
  api = new SimulatorClient(simulator.url)
  await api.createPhone({ number: account, name: 'Shop' })
  await api.createPhone({ number: ana, name: 'Ana' })
  client = await new TestClient(simulator.websocketUrl, await link(api, account)).open()
})

afterAll(async () => {
  client?.end()
  await simulator?.close()
})

describe('1:1 messages', () => {
  it('go from the device to the contact, first with and then without a new session', async () => {
    const first = await client.sendText(ana, 'hello')
    await until(() => client.status(first) >= 3, 'the delivered receipt')
    const second = await client.sendText(ana, 'again')
    await until(async () => (await api.messages(ana, account)).length === 2, 'both messages')
    const seen = await api.messages(ana, account)
    expect(seen.map((message) => message.text)).toEqual(['hello', 'again'])
    expect(seen.map((message) => message.id)).toEqual([first, second])
    await api.readChat(ana, account)
    await until(() => client.status(second) === 4, 'the read receipt')
    const own = await api.messages(account, ana)
    expect(own.map((message) => [message.direction, message.text, message.status])).toEqual([
      ['out', 'hello', 'read'],
      ['out', 'again', 'read'],
    ])
  })

  it('go from the contact to the device', async () => {
    const id = await api.sendText(ana, account, 'hi there')
    const message = await client.message(id)
    expect(message.message?.conversation).toBe('hi there')
    expect(message.pushName).toBe('Ana')
    await until(async () => (await api.messages(ana, account)).at(-1)?.status === 'delivered', 'the delivered status')
    await client.socket.readMessages([message.key])
    await until(async () => (await api.messages(ana, account)).at(-1)?.status === 'read', 'the read status')
  })

  it('leave no fault', async () => {
    expect(await api.faults()).toEqual([])
  })
})
