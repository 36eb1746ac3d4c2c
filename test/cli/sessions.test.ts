/** Sessions and sends through the real gateway, with a key that the command line makes for itself. */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SessionKind, TenantKind } from '@berth/core/model/kind.ts'
import { TenantSpec } from '@berth/core/model/tenant.ts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { FakeWorker } from '../gateway/fake-worker.ts'
import { type TestTenant, World } from '../gateway/world.ts'
import { berthHere, type Surroundings, Watching } from './berth.ts'

let world: World
let acme: TestTenant
const running: { stop(): Promise<void> }[] = []

beforeAll(async () => {
  world = await World.start({ kubernetes: true })
  acme = await addTenant('acme')
})
afterAll(() => world?.close())
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

async function addTenant(name: string, state: 'Active' | 'Suspended' = 'Active'): Promise<TestTenant> {
  const spec = TenantSpec.parse({ tier: 'max', state })
  await world.cluster!.client.create(TenantKind, { metadata: { name }, spec })
  return world.addTenant(name, { state })
}

const surroundings = (more: Record<string, string> = {}): Surroundings => ({
  env: {
    KUBECONFIG: world.cluster!.kubeconfig,
    DATABASE_URL: String(world.operatorDb.options.connectionString),
    BERTH_GATEWAY: world.url,
    ...more,
  },
})
const inCluster = (args: string[]): string[] => [...args, '-n', world.cluster!.client.namespace]
const run = (args: string[], more: Surroundings = surroundings()) => berthHere(inCluster(args), more)

async function ok(...args: string[]): Promise<string> {
  const outcome = await run(args)
  expect(outcome).toMatchObject({ code: 0 })
  return outcome.out
}

/** A session that exists and is held by a worker. */
async function heldSession(name: string): Promise<{ id: string; worker: FakeWorker }> {
  await ok('sessions', 'create', name, '--tenant', 'acme')
  const { rows } = await world.operatorDb.query<{ id: string }>('SELECT id FROM session WHERE resource_name = $1', [
    `acme.${name}`,
  ])
  const worker = await world.startWorker()
  running.push(worker)
  await worker.claim(rows[0]!.id, 1)
  return { id: rows[0]!.id, worker }
}

function link(...args: string[]): Watching {
  const watching = new Watching(inCluster(['sessions', 'link', ...args]), surroundings())
  running.push(watching)
  return watching
}

const keysOf = async (tenant: TestTenant) => {
  const { rows } = await world.operatorDb.query<{ name: string; open: boolean }>(
    'SELECT name, revoked_at IS NULL AS open FROM api_key WHERE tenant_id = $1 ORDER BY created_at',
    [tenant.id],
  )
  return rows
}

test('makes a session, as the tenant would, and leaves no key behind', async () => {
  const made = await run(['sessions', 'create', 'made', '--tenant', 'acme'])
  expect(made).toMatchObject({ code: 0, out: 'session/acme.made created\n' })
  expect(made.err).toContain('sessions link acme.made')
  expect(await ok('sessions', 'create', 'made', '--tenant', 'acme')).toBe('session/acme.made was there before\n')
  const [own, ...temporary] = await keysOf(acme)
  expect(own).toEqual({ name: 'test', open: true })
  expect(temporary).toEqual(Array(2).fill({ name: 'command line (temporary)', open: false }))

  const listed = JSON.parse(await ok('sessions', 'list', '--tenant', 'acme', '--json'))
  expect(listed).toContainEqual(expect.objectContaining({ name: 'acme.made', ready: false, reason: 'NotTakenUp' }))
  expect(await ok('sessions', 'list', '--not-ready')).toMatch(/^NAME +TENANT +PHONE +STATE .*\nacme\.made +acme /)
})

test('stops and starts a session in the name of its tenant, who can change it back', async () => {
  await ok('sessions', 'create', 'paused', '--tenant', 'acme')
  expect(await ok('sessions', 'stop', 'acme.paused')).toBe('session/acme.paused Stopped\n')
  const started = await world.call(acme, 'POST /v1/sessions/paused/start')
  expect(started).toMatchObject({ status: 200, body: { desiredState: 'Running' } })
  const stopped = JSON.parse(await ok('sessions', 'stop', 'acme.paused', '--json'))
  expect(stopped).toMatchObject([{ name: 'paused', desiredState: 'Stopped' }])
})

test('draws the code, a newer one after it, and tells how it goes on', async () => {
  const { id, worker } = await heldSession('linked')
  await worker.setState(id, 'WaitingForScan', { reason: 'CodeReady' })
  worker.offer(id, '2@first')
  const watching = link('acme.linked')
  const first = await codeOf(watching)
  expect(first.length).toBeGreaterThan(10)
  worker.offer(id, '2@second')
  const second = await codeOf(watching)
  expect(second).not.toEqual(first)
  await worker.setState(id, 'Connecting', { reason: 'Scanned', message: 'The code was scanned.' })
  expect(await watching.line()).toBe('Scanned. Connecting …')
  await worker.connect(id, '+5511999990001')
  expect(await watching.line()).toBe('Connected as +5511999990001.')
  expect(await watching.code()).toBe(0)
  const linked = link('acme.linked')
  expect(await linked.line()).toBe('acme.linked is linked to +5511999990001 already.')
  expect(await linked.note()).toContain('--again')
})

/** The lines of the next code that is drawn. */
async function codeOf(watching: Watching): Promise<string[]> {
  const lines: string[] = []
  for (let line = await watching.line(); !line.startsWith('Scan it'); line = await watching.line()) lines.push(line)
  expect(await watching.line()).toMatch(/^Valid for \d+ s/)
  return lines
}

test('links another phone: logs the present one out, and begins a new attempt', async () => {
  const { id, worker } = await heldSession('relinked')
  await worker.connect(id, '+5511999990002')
  const watching = link('acme.relinked', '--again', '--json')
  await expect.poll(() => worker.calls.some((call) => call.includes('wake'))).toBe(true)
  await worker.runCommands(id)
  await worker.setState(id, 'LoggedOut')
  // The start that follows is answered once the worker has begun anew.
  await expect.poll(() => attemptOf('acme.relinked')).toBe(1)
  await worker.setState(id, 'WaitingForScan', { reason: 'CodeReady' })
  worker.offer(id, '2@again')
  const events = [JSON.parse(await watching.line()), JSON.parse(await watching.line())]
  expect(events).toMatchObject([
    { event: 'state', state: 'WaitingForScan' },
    { event: 'qr', qr: '2@again' },
  ])
  await worker.connect(id, '+5511999990003')
  const seen: { event: string }[] = []
  while (seen.at(-1)?.event !== 'connected') seen.push(JSON.parse(await watching.line()))
  expect(seen.at(-1)).toMatchObject({ event: 'connected', phoneNumber: '+5511999990003' })
})

const attemptOf = async (name: string): Promise<number | undefined> =>
  (await world.cluster!.client.get(SessionKind, name))?.spec.linking.attempt

test('shows a code to type, and follows it', async () => {
  const { id, worker } = await heldSession('typed')
  await worker.setState(id, 'WaitingForScan', { reason: 'NobodyLooks' })
  const watching = link('acme.typed', '--phone', '+5511999990004')
  const lines = [await watching.line(), await watching.line(), await watching.line(), await watching.line()]
  expect(lines.map((line) => line.trim())).toContain('ABCD-EFGH')
  expect(lines.at(-1)).toContain('+5511999990004')
  worker.offer(id, '2@not-drawn')
  await worker.connect(id, '+5511999990004')
  expect([await watching.line(), await watching.line()]).toEqual([
    expect.stringContaining('Link with phone number'),
    expect.stringMatching(/^Valid for \d+ s/),
  ])
  expect(await watching.line()).toBe('Connected as +5511999990004.')
  expect(await watching.code()).toBe(0)
  await worker.setState(id, 'WaitingForScan')
  const wrong = link('acme.typed', '--phone', '0170')
  expect(await wrong.note()).toContain('country code')
})

test('Ctrl-C ends the linking, and the key that was made for it', async () => {
  const { id, worker } = await heldSession('given-up')
  await worker.setState(id, 'WaitingForScan', { reason: 'CodeReady' })
  worker.offer(id, '2@unseen')
  const watching = link('acme.given-up', '--json')
  await watching.line()
  expect((await keysOf(acme)).at(-1)).toMatchObject({ open: true })
  watching.interrupt()
  expect(await watching.code()).toBe(130)
  expect((await keysOf(acme)).at(-1)).toMatchObject({ open: false })
})

test('says what keeps a session from being linked, and gives up when asked to', async () => {
  const { id, worker } = await heldSession('stuck')
  await worker.setState(id, 'Banned', { message: 'The number is banned.' })
  const banned = link('acme.stuck')
  expect(await banned.note()).toBe('Error: acme.stuck is Banned: The number is banned.')
  expect(await banned.code()).toBe(1)
  await worker.setState(id, 'Connecting')
  const late = link('acme.stuck', '--timeout', '0.5')
  expect(await late.note()).toContain('No phone was linked in 0.5 s.')
  expect(await late.code()).toBe(1)
})

test('sends, waits for WhatsApp, and fails with it', async () => {
  const { id, worker } = await heldSession('sender')
  await worker.connect(id)
  expect(await ok('send', 'acme.sender', '+5511911111111', 'Hello', '--wait')).toMatch(
    /^message\/[0-9a-f-]{36} sent after \d+\.\d s\n$/,
  )
  const stored = JSON.parse(await ok('send', 'acme.sender', '+5511911111111', 'Hello', '--json'))
  expect(stored).toMatchObject({ session: 'sender', to: '+5511911111111', text: 'Hello' })

  const lazy = await heldSession('failing')
  await lazy.worker.connect(lazy.id)
  lazy.worker.forget(lazy.id)
  await lazy.worker.claim(lazy.id, 2, { sends: false })
  await lazy.worker.connect(lazy.id)
  const sent = run(['send', 'acme.failing', '+5511911111111', 'Hello', '--wait'])
  await lazy.worker.failOpen(lazy.id, 'not_on_whatsapp')
  expect(await sent).toMatchObject({ code: 1, err: expect.stringContaining('did not take it: not_on_whatsapp') })
})

test('says on this command line what to do about a problem of the API', async () => {
  await ok('sessions', 'create', 'unlinked', '--tenant', 'acme')
  const unlinked = await run(['send', 'acme.unlinked', '+5511911111111', 'Hello'])
  expect(unlinked).toMatchObject({ code: 1, out: '' })
  expect(unlinked.err).toMatch(/not linked.* npm run berth -- sessions link acme\.unlinked \[session_not_linked\]\n$/)
  expect(await run(['send', 'acme.unlinked', 'Ana', 'Hello'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/to: Write a phone number/),
  })
  expect(await run(['send', 'unlinked', '+5511911111111', 'Hello'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('Do you mean acme.unlinked?'),
  })
  expect(await run(['send', 'acme.unlinked', '+5511911111111'])).toMatchObject({ code: 2 })

  await addTenant('resting', 'Suspended')
  expect(await run(['sessions', 'create', 'any', '--tenant', 'resting'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('[tenant_suspended]'),
  })
})

test('finds gateway and key of local mode beside its kubeconfig, and says how to name them else', async () => {
  const nowhere = { ...surroundings(), env: { ...surroundings().env!, BERTH_GATEWAY: '' } }
  expect(await run(['sessions', 'stop', 'acme.made'], nowhere)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/--gateway URL or \$BERTH_GATEWAY/),
  })

  const folder = await mkdtemp(path.join(tmpdir(), 'berth-local-'))
  running.push({ stop: () => rm(folder, { recursive: true }) })
  const demo = await addTenant('demo')
  const ports = { gateway: Number(new URL(world.url).port) }
  await writeFile(path.join(folder, 'config.json'), JSON.stringify({ ports, apiKey: demo.key }))
  await copyFile(world.cluster!.kubeconfig, path.join(folder, 'kubeconfig'))
  const local = await run(['sessions', 'create', 'here', '--tenant', 'demo'], { env: { BERTH_DATA: folder } })
  expect(local).toMatchObject({ code: 0, out: 'session/demo.here created\n' })
  expect(await keysOf(demo)).toEqual([{ name: 'test', open: true }])
})

test('a gateway that is not there, or is none', async () => {
  const away = await run(['sessions', 'stop', 'acme.made', '--gateway', 'http://127.0.0.1:1'])
  expect(away).toMatchObject({
    code: 1,
    err: expect.stringMatching(/gateway at http:\/\/127\.0\.0\.1:1 does not answer/),
  })
  expect(await run(['sessions', 'stop', 'acme.made', '--gateway', 'berth.example.com'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('write it as http://'),
  })
  expect(await run(['sessions', 'stop', 'acme.made', '--key', 'wak_live_wrong'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('[api_key_invalid]'),
  })
})
