/** The worker as a process of its own: started as the kubelet starts it, stopped, and killed in the middle of traffic. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bareEnvironment } from '../bare-environment.ts'
import type { TestSession } from './test-session.ts'
import { until } from './until.ts'
import { World } from './world.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/worker/main.ts'))
const PHONE = '5511900000001'
const CONTACT = '5511900000002'
const POD = { name: 'worker-p', podUid: '00000000-0000-4000-8000-00000000000a' }
const OTHER_POD = { name: 'worker-q', podUid: '00000000-0000-4000-8000-00000000000b' }

describe('the worker process', () => {
  let world: World
  const children = new Set<ChildProcess>()

  const start = (env: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...bareEnvironment(), LOG_LEVEL: 'error', ...env },
      stdio: ['ignore', process.env.LOG_LEVEL ? 'inherit' : 'ignore', 'pipe'],
    })
    children.add(child)
    return child
  }
  const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> => {
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
    children.delete(child)
    return child.exitCode
  }

  beforeAll(async () => {
    world = await World.start()
    await world.whatsapp.createPhone({ number: PHONE, name: 'Acme Support' })
    await world.whatsapp.createPhone({ number: CONTACT, name: 'Ana' })
  })
  afterEach(() => Promise.all([...children].map((child) => end(child, 'SIGKILL'))))
  afterAll(() => world.close())

  test('names all settings that are missing, and ends', async () => {
    const child = start({})
    let words = ''
    child.stderr!.on('data', (chunk) => {
      words += chunk
    })
    const [code] = await once(child, 'exit')
    children.delete(child)
    expect(code).toBe(1)
    for (const name of [
      'POD_NAME',
      'POD_UID',
      'POD_IP',
      'DATABASE_URL',
      'BERTH_ENCRYPTION_KEYS',
      'BERTH_INTERNAL_TOKEN',
    ]) {
      expect(words).toContain(`${name} is not set`)
    }
  })

  test('logs in at no server without a certificate of WhatsApp, and says so', async () => {
    const session = await world.addSession('careful')
    await session.place(OTHER_POD)
    const stranger = randomBytes(32).toString('base64')
    const child = start({ ...(await world.environmentOf(OTHER_POD)), BERTH_WHATSAPP_ROOT: stranger })
    const worker = await world.addressOf(OTHER_POD)
    await until(async () => {
      await world.call(worker, `GET /sessions/${session.id}/qr`)
      return (await session.state())?.reason === 'NotWhatsApp' || undefined
    })
    await session.place(undefined)
    await end(child, 'SIGTERM')
  })

  test('killed again and again under traffic: nothing is lost, nothing is stored or shown twice; SIGTERM gives back', async () => {
    const session: TestSession = await world.addSession('support')
    await session.place(POD)
    let child = start(await world.environmentOf(POD))
    const worker = await world.addressOf(POD)
    await session.link(worker, PHONE)

    let sent = 0
    let stop = false
    const traffic = (async () => {
      for (; !stop; sent++) {
        await session.addSend(CONTACT, `out ${sent}`)
        await world.whatsapp.sendText(CONTACT, PHONE, `in ${sent}`)
        // Not more than the worker takes, so that kills hit what is under way and not a backlog.
        if (sent >= 10) await session.untilMessage(`out ${sent - 10}`, 'delivered')
      }
    })()
    for (let kill = 0; kill < 3; kill++) {
      const before = (await session.messages()).filter(({ status }) => status === 'delivered').length
      await until(async () => {
        const now = (await session.messages()).filter(({ status }) => status === 'delivered').length
        return now > before + 5 || undefined
      })
      await end(child, 'SIGKILL')
      child = start(await world.environmentOf(POD))
    }
    stop = true
    await traffic
    const rows = await until(async () => {
      const all = await session.messages()
      const open = all.filter((row) => row.from_me && row.status !== 'delivered')
      return open.length === 0 && all.length >= 2 * sent ? all : undefined
    }, 40)

    const texts = (prefix: string) => Array.from({ length: sent }, (_, i) => `${prefix} ${i}`).sort()
    expect(
      rows
        .filter((row) => !row.from_me)
        .map((row) => row.content.text)
        .sort(),
    ).toEqual(texts('in'))
    const shown = await world.whatsapp.messages(CONTACT, PHONE, { limit: 1000 })
    expect(
      shown
        .filter((one) => one.text.startsWith('out'))
        .map((one) => one.text)
        .sort(),
    ).toEqual(texts('out'))
    // Phones drop an id that they have already; but none should have had to.
    const ledger = await world.whatsapp.ledgerMessages()
    expect(ledger.filter((one) => one.direction === 'from-device' && one.counts.duplicate)).toEqual([])
    expect(await world.whatsapp.faults()).toEqual([])

    expect(await end(child, 'SIGTERM')).toBe(0)
    const [owner] = await world.sql<{ released: boolean; ended: boolean }>(
      `SELECT o.released_at IS NOT NULL AS released, l.ended_at IS NOT NULL AS ended
       FROM session_owner o JOIN worker_lease l USING (boot_id) WHERE o.session_id = $1`,
      session.id,
    )
    expect(owner).toEqual({ released: true, ended: true })
  })
})
