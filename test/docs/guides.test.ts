/** The guides are true: what they tell a person to type is run as it stands, in its order, against a whole Berth. */
import { execFileSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Berth as Client } from '@berth/client'
import { clone } from '@berth/local/clone.ts'
import { type Berth, startBerth } from '@berth/local/compose.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scratchFolder } from '../scratch.ts'
import { blocksOf, shapeOf } from './blocks.ts'
import { Terminal } from './terminal.ts'

const MINUTE = 60_000
const MY_PHONE = '5511999999999'
const ANA = '5511911111111'

const programs = ['bash', 'curl', 'jq', 'kubectl']
const missing = programs.filter((program) => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return false
  } catch {
    return true
  }
})
const example = test.skipIf(missing.length > 0)

let folder: string
let berth: Berth
let api: Client
let simulator: SimulatorClient

beforeAll(async () => {
  if (missing.length > 0) return
  folder = await scratchFolder('guides')
  berth = await startBerth({ dataDir: folder, anyPorts: true, quiet: true })
  api = new Client({ url: berth.gatewayUrl, apiKey: berth.apiKey! })
  simulator = new SimulatorClient(berth.simulatorUrl!)
}, 3 * MINUTE)

afterAll(async () => {
  await berth?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
}, 3 * MINUTE)

type Told = (output: string) => Promise<void>

/**
 * In the clone, with the addresses that `npm start` would have printed. An answer that the guide shows must have the form
 * of the real one.
 * @param told with what each block printed
 */
async function runAll(guide: string, env: Record<string, string>, told: Told): Promise<void> {
  const blocks = blocksOf(await readFile(join(clone, guide), 'utf8'))
  const { gatewayUrl, simulatorUrl, kubeconfig } = berth
  const addresses = { BERTH: gatewayUrl, SIMULATOR: simulatorUrl!, KUBECONFIG: kubeconfig }
  const terminal = new Terminal(clone, folder, { ...addresses, ...env })
  try {
    for (const [i, block] of blocks.entries()) {
      if (block.notRun || !['sh', 'ts'].includes(block.language)) continue
      const where = `${guide}:${block.line}`
      const output = await terminal.paste(block).catch((cause: Error) => {
        throw new Error(`${where}: ${cause.message}`, { cause })
      })
      const answer = blocks[i + 1]
      if (answer?.language === 'json') {
        expect(shapeOf(JSON.parse(output)), `${where}: ${output}`).toEqual(shapeOf(JSON.parse(answer.text)))
      }
      await told(output)
    }
  } finally {
    await terminal.close()
  }
}

/** What a person does with a code on the screen: holds the phone before it. */
async function scanIfShown(output: string, number: string): Promise<void> {
  const code = output.trimEnd().split('\n').at(-1)!
  if (/(^|#)2@/.test(code)) await simulator.scan(number, code)
}

const connected = (session: string) => expect.poll(async () => (await api.getSession(session)).state).toBe('Connected')

const seenByAna = async (): Promise<string[]> =>
  (await simulator.messages(ANA, MY_PHONE)).filter(({ direction }) => direction === 'in').map(({ text }) => text)

example(
  'the API guide, from the first key to the last call',
  async () => {
    const printed: string[] = []
    await runAll('docs/api.md', {}, async (output) => void printed.push(output))
    const all = printed.join('\n')
    expect(all).toMatch(/^(sent|delivered|read) true$/m)
    for (const told of ['connected\n+5511999990002', 'wrote: Thank you!', 'order-4711', 'ratelimit-limit']) {
      expect(all).toContain(told)
    }
    const problems = [...all.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code)
    expect(problems, 'the guide shows one; curl itself is content with any').toEqual(['validation_failed'])
    expect(all).toContain('{"number":"5511999990004","device":1')
    const sent = ['We got your payment.', 'It is on its way.', 'You are welcome.']
    const moreThanText = ['[deleted]', 'At 5 pm.', 'Shop', 'Desk', 'When?', 'Your order']
    await expect.poll(seenByAna).toEqual([...sent, ...moreThanText])
    expect(all).toContain('{"type":"text","text":"Desk takes it to you.","forwarded":true}')
    expect(all).toContain('{"kind":"read","session":"orders"}')
    expect(all).toContain('Three pieces, paid.')
  },
  3 * MINUTE,
)

example(
  'the client',
  async () => {
    const phone = '5511999990003'
    await simulator.createPhone({ number: phone, name: 'Shop' })
    const printed: string[] = []
    await runAll('client/README.md', { BERTH_API_KEY: berth.apiKey! }, async (output) => {
      printed.push(output)
      await scanIfShown(output, phone)
      await connected('shop')
    })
    expect(printed.at(-1)).toMatch(/^(sent|delivered|read)\n\+5511911111111 Hello!\n$/)
  },
  3 * MINUTE,
)

example(
  'the quick start',
  async () => {
    const known = async () => (await Array.fromAsync(api.allSessions())).map(({ name }) => name)
    const AUTH = `Authorization: Bearer ${berth.apiKey!}`
    await runAll('README.md', { AUTH }, async (output) => {
      await expect.poll(known).toContain('support')
      if (!output.includes('2@')) return
      await scanIfShown(output, MY_PHONE)
      await connected('support')
    })
    await expect.poll(seenByAna).toContain('Hello from Berth')
    await connected('support')
  },
  3 * MINUTE,
)
