/** Tenants, workers, drain, explain, events and doctor on an installation with a real operator. */
import { SecretKind } from '@berth/core/model/kind.ts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Installation } from '../operator/installation.ts'
import { berthHere, type Outcome, Watching } from './berth.ts'

let installation: Installation
const running: Watching[] = []

beforeAll(async () => {
  installation = await Installation.start()
  installation.startOperator()
  const data = { DATABASE_URL: Buffer.from(installation.database.url).toString('base64') }
  await installation.cluster.client.create(SecretKind, { metadata: { name: 'berth-worker' }, data })
})
afterAll(() => installation?.close())
afterEach(async () => {
  for (const watching of running.splice(0)) await watching.stop()
})

const env = () => ({ KUBECONFIG: installation.cluster.kubeconfig })
const inCluster = (line: string): string[] => [...line.split(' '), '-n', installation.cluster.client.namespace]
const run = (line: string): Promise<Outcome> => berthHere(inCluster(line), { env: env() })

async function ok(line: string): Promise<string> {
  const outcome = await run(line)
  expect(outcome, outcome.err).toMatchObject({ code: 0 })
  return outcome.out
}

// biome-ignore lint/suspicious/noExplicitAny: the tests look into whatever JSON came
const json = async (line: string): Promise<any> => JSON.parse(await ok(`${line} --json`))

/** One that goes on, or that listens for Ctrl-C. */
function watch(line: string): Watching {
  const watching = new Watching(inCluster(line), { env: env() })
  running.push(watching)
  return watching
}

/** A connected session of a tenant and tier of its own. */
async function connectedSession(tenant: string): Promise<string> {
  await installation.createTier(`tier-${tenant}`, 'pro')
  await ok(`tenants create ${tenant} --tier tier-${tenant}`)
  // The operator has taken it up, so that this does not come too early.
  expect((await json(`keys create ${tenant}`)).key).toMatch(/^wak_live_/)
  await installation.createSession(`${tenant}.one`, tenant)
  const session = await installation.untilConnected(`${tenant}.one`)
  return session.status!.placement!.worker
}

test('makes a tenant, suspends it and lets it go on', async () => {
  const early = await run('tenants create early --tier nothing-yet')
  expect(early).toMatchObject({
    code: 0,
    out: 'tenant/early created\n',
    err: expect.stringContaining('no tier nothing-yet'),
  })
  expect(await run('tenants create early --tier pro')).toMatchObject({
    code: 1,
    err: expect.stringContaining('already'),
  })
  expect(await run('tenants create early')).toMatchObject({ code: 2, err: expect.stringContaining('--tier') })

  await connectedSession('resting')
  expect(await ok('tenants suspend resting')).toBe('tenant/resting is Suspended now\n')
  expect(await ok('tenants suspend resting')).toBe('tenant/resting was Suspended before\n')
  await installation.untilReason('resting.one', 'Suspended')
  expect(await json('tenants resume resting')).toMatchObject([{ name: 'resting', state: 'Active' }])
  await installation.untilConnected('resting.one')
  const tenant = await installation.until('the tenant ready', async () => {
    const [found] = await json('tenants list --tier tier-resting')
    return found.connected === 1 && found
  })
  expect(tenant).toMatchObject({ desired: 1, limit: 5, ready: true, reason: 'Active' })
  expect(await run('tenants suspend nobody')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no tenant "nobody".*tenants list/),
  })
})

test('cordons workers: they are listed so and take nothing new', async () => {
  const worker = await connectedSession('fenced')
  expect(await ok(`workers cordon ${worker}`)).toBe(`worker/${worker} is Cordoned now\n`)
  // Counts follow a moment later.
  await expect
    .poll(() => ok('workers list --tier tier-fenced'))
    .toMatch(new RegExp(`\\n${worker} +tier-fenced +Cordoned +1 of 10`))
  expect(await ok(`workers uncordon ${worker}`)).toBe(`worker/${worker} is Active now\n`)
})

test('drains a worker: tells where each session goes, and ends when it is empty', async () => {
  const worker = await connectedSession('moving')
  await installation.untilReady('tier-moving', 2)
  const drain = watch(`workers drain ${worker}`)
  const lines: string[] = []
  while (!lines.at(-1)?.includes('is empty')) lines.push(await drain.line())
  expect(await drain.code()).toBe(0)
  const { status } = (await installation.session('moving.one'))!
  const target = status!.placement!.worker
  expect(target).not.toBe(worker)
  expect(lines).toContain(`moving.one is on ${target}`)
  expect(lines.at(-1)).toBe(`worker/${worker} is empty; moved: 1`)

  const told = await ok('explain session moving.one')
  expect(told).toContain(`on worker ${target}`)
  expect(told).toContain(`From worker ${worker} to ${target}: its worker is being drained.`)
  expect(told).toMatch(/Owner +The boot \w{8} of worker .*, epoch 2, claimed \d+s ago\. Its lease was renewed/)
  const events = await json('events wa moving.one')
  expect(events.map(({ reason }: { reason: string }) => reason)).toEqual(expect.arrayContaining(['Placed', 'Moved']))
})

test('a drain that can go nowhere says who is left and why', async () => {
  await installation.createTier('tier-stuck', 'pro', (spec) => {
    spec.workers.max = 1
    spec.workers.spare = 0
  })
  await ok('tenants create stuck --tier tier-stuck')
  await installation.createSession('stuck.one', 'stuck')
  const worker = (await installation.untilConnected('stuck.one')).status!.placement!.worker
  const drain = watch(`workers drain ${worker} --timeout 1.5 --json`)
  expect(await drain.note()).toContain('is being drained')
  expect(await drain.code()).toBe(1)
  await ok(`workers uncordon ${worker}`)
  expect((await installation.session('stuck.one'))?.status?.placement?.worker).toBe(worker)
})

test('explains a session that has no place, without a database too', async () => {
  await installation.createSession('lost.one', 'lost')
  await installation.untilReason('lost.one', 'TenantNotFound')
  const told = await berthHere(inCluster('explain session lost.one'), {
    env: { ...env(), DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/berth' },
  })
  expect(told.code).toBe(0)
  expect(told.out).toMatch(/^lost\.one: TenantNotFound for \d+s, placed nowhere\n/)
  expect(told.out).toContain('tenants create lost --tier TIER')
  expect(told.out).toContain('Owner     Not known. The database is not reachable')
  expect(told.out).not.toContain('secret')
  expect(await run('explain session nobody')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/no session "nobody".*sessions list/),
  })
})

test('watches events: those of before, then each as it comes', async () => {
  const worker = await connectedSession('watched')
  const watching = watch(`events workers ${worker} --watch --json`)
  expect(JSON.parse(await watching.line())).toMatchObject({ object: `worker/${worker}`, reason: 'Created' })
  await installation.node.crash(worker, { terminated: { exitCode: 137 } })
  expect(JSON.parse(await watching.line())).toMatchObject({ type: 'Warning', reason: 'Revoked' })
  expect(await ok(`events workers ${worker} --warnings`)).toContain('! worker/')
})

test('the doctor finds an installation well, and then that nobody leads it', async () => {
  // The worker that was given up above has to be replaced first.
  await installation.until('the doctor content', async () => (await run('doctor')).code === 0)
  const well = await json('doctor')
  const levels = new Map<string, string>(
    well.checks.map(({ about, level }: { about: string; level: string }) => [about, level]),
  )
  expect(well.ok).toBe(true)
  for (const about of ['Kubernetes API', 'CRDs', 'Operator', 'Database', 'Tiers', 'Leases', 'Clocks']) {
    expect([about, levels.get(about)]).toEqual([about, 'ok'])
  }
  expect(levels.get('Gateway')).toBe('warn')

  await installation.operators[0]!.stop()
  const ill = await run('doctor --gateway http://127.0.0.1:1')
  expect(ill.code).toBe(1)
  expect(ill.out).toMatch(/^fail +Operator +nobody leads/m)
  expect(ill.out).toMatch(/^fail +Gateway .*--gateway/m)
  expect(ill.err).toMatch(/\d of \d+ checks failed/)
  installation.startOperator('successor')
  await installation.until('the doctor content', async () => (await run('doctor')).out.includes('successor'))
})
