import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { EventRecorder } from '@berth/core/kube/events.ts'
import { FOUND_KEY, KEEPSAKE_NAME } from '@berth/core/model/keepsake.ts'
import { ConfigMapKind, SessionKind, TenantKind } from '@berth/core/model/kind.ts'
import type { SessionSpec } from '@berth/core/model/session.ts'
import type { TenantSpec } from '@berth/core/model/tenant.ts'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestCluster, type TestCluster } from '../kube-client/cluster.ts'
import { berth, berthHere, type Outcome, type Surroundings, Watching } from './berth.ts'

let cluster: TestCluster
let folder: string
beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(() => cluster?.close())
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'berth-cli-'))
  return () => rm(folder, { recursive: true })
})

const inCluster = (args: string[]): string[] => [...args, '-n', cluster.client.namespace]
const surroundings = (more: Surroundings = {}): Surroundings => ({
  folder,
  ...more,
  env: { KUBECONFIG: cluster.kubeconfig, ...more.env },
})
const run = (args: string, more: Surroundings = {}): Promise<Outcome> =>
  berthHere(inCluster(args.split(' ')), surroundings(more))

/** What must go well. */
async function ok(args: string, more?: Surroundings): Promise<string> {
  const outcome = await run(args, more)
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.out
}

const tenant = (name: string, tier = 'pro') =>
  `apiVersion: berth.dev/v1alpha1\nkind: Tenant\nmetadata: { name: ${name} }\nspec: { tier: ${tier} }\n`
const session = (name: string, tenantName: string) =>
  `apiVersion: berth.dev/v1alpha1\nkind: WhatsAppSession\nmetadata: { name: ${name} }\nspec: { tenant: ${tenantName} }\n`

const write = (name: string, text: string) => writeFile(path.join(folder, name), text)
const createTenant = (name: string, more: object = {}) =>
  cluster.client.create(TenantKind, { metadata: { name, ...more }, spec: { tier: 'pro' } as TenantSpec })
const createSession = (name: string, tenantName: string) =>
  cluster.client.create(SessionKind, { metadata: { name }, spec: { tenant: tenantName } as SessionSpec })

test('applies several documents, and says of each what it did', async () => {
  await write('two.yaml', `${tenant('applied')}---\n${session('applied.one', 'applied')}`)
  expect(await ok('apply -f two.yaml')).toBe('tenant/applied created\nwhatsappsession/applied.one created\n')
  expect(await ok('apply -f two.yaml')).toBe('tenant/applied unchanged\nwhatsappsession/applied.one unchanged\n')
  await write('two.yaml', `${tenant('applied', 'max')}---\n${session('applied.one', 'applied')}`)
  expect(await ok('apply -f two.yaml')).toBe('tenant/applied configured\nwhatsappsession/applied.one unchanged\n')
  expect((await cluster.client.get(TenantKind, 'applied'))?.spec.tier).toBe('max')
})

test('adopts a database only where another one was found, and only when that is really meant', async () => {
  expect(await run('database adopt --yes')).toMatchObject({ code: 1, err: expect.stringContaining('nothing to adopt') })
  const data = { incarnation: '0', mark: '0', [FOUND_KEY]: 'of-another' }
  await cluster.client.create(ConfigMapKind, { metadata: { name: KEEPSAKE_NAME }, data })
  const careful = await run('database adopt')
  expect(careful).toMatchObject({ code: 1, err: expect.stringMatching(/of-another.*add --yes/s) })
  expect((await cluster.client.get(ConfigMapKind, KEEPSAKE_NAME))?.data).toEqual(data)
  expect(await ok('database adopt --yes')).toContain('of-another is taken over')
  expect((await cluster.client.get(ConfigMapKind, KEEPSAKE_NAME))?.data).toEqual({ ...data, adopt: 'of-another' })
})

test('applies folders, the standard input, and kinds that are not ours', async () => {
  await write('b.yml', tenant('from-b'))
  await write('a.json', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-a' } }))
  await write('notes.txt', 'not: a manifest')
  expect(await ok('apply -f .')).toBe('configmap/from-a created\ntenant/from-b created\n')
  const { out } = await berth(inCluster(['apply', '--json', '-f', '-']), surroundings({ input: tenant('from-input') }))
  expect(JSON.parse(out)).toEqual([{ kind: 'Tenant', name: 'from-input', outcome: 'created' }])
})

test('sends nothing of a file that is broken further down', async () => {
  await write('broken.yaml', `${tenant('not-sent')}---\nkind: Tenant\n`)
  const outcome = await run('apply -f broken.yaml')
  expect(outcome).toMatchObject({ code: 1, out: '' })
  expect(outcome.err).toContain('broken.yaml, line 6: not a Kubernetes object: apiVersion is missing or wrong')
  expect(await cluster.client.get(TenantKind, 'not-sent')).toBeUndefined()
})

test('goes on after an object that is refused, and fails', async () => {
  const bad = tenant('refused').replace('tier: pro', 'tier: pro, state: Sleeping')
  await write('some.yaml', `${bad}---\n${tenant('accepted')}`)
  const outcome = await run('apply -f some.yaml')
  expect(outcome).toMatchObject({ code: 1, out: 'tenant/accepted created\n' })
  expect(outcome.err).toMatch(/^Error: .*spec\.state.*\n$/)
})

test('leaves fields of another manager alone, names it, and takes them over when told to', async () => {
  const applied = { metadata: { name: 'managed' }, spec: { tier: 'basic' } as TenantSpec }
  await cluster.client.apply(TenantKind, applied, { manager: 'gitops' })
  const input = tenant('managed', 'max')
  const outcome = await run('apply -f -', { input })
  expect(outcome.code).toBe(1)
  expect(outcome.err).toMatch(/gitops.*--force/s)
  expect(await ok('apply --force -f -', { input })).toBe('tenant/managed configured\n')
})

test('shows tables in the columns of the kind, whichever of its names is used', async () => {
  await createSession('shown.one', 'shown')
  const placement = { worker: 'w-1', podUID: 'uid', generation: 1, boundAt: '2026-11-21T09:00:00Z' }
  const status = { placement, connection: { state: 'Connected' as const, since: placement.boundAt, epoch: 1 } }
  await cluster.client.apply(
    SessionKind,
    { metadata: { name: 'shown.one' }, status },
    { manager: 'test', subresource: 'status' },
  )
  const [heading, row] = (await ok('get wa shown.one')).split('\n')
  expect(heading).toMatch(/^NAME +TENANT +PHONE +STATE +REASON +WORKER +READY +AGE$/)
  expect(row).toMatch(/^shown\.one +shown +Connected +w-1 +\d+s$/)
  expect(heading!.indexOf('WORKER')).toBe(row!.indexOf('w-1'))
  for (const words of [
    'get sessions shown.one',
    'get WhatsAppSession/shown.one',
    'get whatsappsessions.berth.dev shown.one',
  ]) {
    expect((await ok(words)).split('\n')[0]).toBe(heading)
  }
  expect((await ok('get wa -o wide')).split('\n')[0]).toMatch(/MESSAGE$/)
  const all = await ok('get all')
  expect(all).toContain('whatsappsessions\nNAME')
  expect(all).toContain('shown.one')
})

test('shows whole objects', async () => {
  await createTenant('whole', { labels: { set: 'whole' } })
  const json = JSON.parse(await ok('get tenant whole --json'))
  expect(json).toMatchObject({ kind: 'Tenant', metadata: { name: 'whole' }, spec: { tier: 'pro', state: 'Active' } })
  expect(json.metadata.managedFields).toBeUndefined()
  const list = JSON.parse(await ok('get ten -l set=whole -o json'))
  expect(list).toMatchObject({ kind: 'List', items: [{ kind: 'Tenant', metadata: { name: 'whole' } }] })
  // What was printed can be applied again.
  const yaml = await ok('get ten/whole -o yaml')
  expect(
    await ok('apply -f -', {
      input: yaml.replace(/ {2}(uid|resourceVersion|generation|creationTimestamp): .*\n/g, ''),
    }),
  ).toMatch(/^tenant\/whole (unchanged|configured)\n$/)
})

test('says that there is nothing, and what does not exist', async () => {
  expect(await run('get workers')).toMatchObject({ code: 0, out: '', err: expect.stringContaining('Nothing found') })
  expect(await run('get wa nobody')).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringContaining('"nobody" not found'),
  })
  expect(await run('describe wa nobody')).toMatchObject({ code: 1, err: expect.stringContaining('is not there') })
  expect(await run('delete wa nobody')).toMatchObject({ code: 1, err: expect.stringContaining('is not there') })
})

test('watches: what is there, then every change', async () => {
  await createTenant('watched')
  const table = new Watching(inCluster(['get', 'tenant', 'watched', '-w']), surroundings())
  const json = new Watching(inCluster(['get', 'tenant', 'watched', '-w', '--json']), surroundings())
  expect(await table.line()).toMatch(/^NAME +TIER/)
  expect(await table.line()).toMatch(/^watched +pro +Active/)
  expect(JSON.parse(await json.line())).toMatchObject({ type: 'ADDED', object: { spec: { state: 'Active' } } })
  await cluster.client.mergePatch(TenantKind, 'watched', { spec: { state: 'Suspended' } })
  expect(await table.line()).toMatch(/^watched +pro +Suspended/)
  expect(JSON.parse(await json.line())).toMatchObject({ type: 'MODIFIED', object: { spec: { state: 'Suspended' } } })
  await cluster.client.delete(TenantKind, 'watched')
  expect(await table.line()).toMatch(/\(deleted\)$/)
  expect(JSON.parse(await json.line())).toMatchObject({ type: 'DELETED' })
  await Promise.all([table.stop(), json.stop()])
})

test('describes what an object should be, what it is, and what happened to it', async () => {
  const object = await createSession('described.one', 'described')
  const recorder = new EventRecorder(cluster.client, { component: 'test', instance: 'test-0' })
  recorder.record(
    { ...object, apiVersion: 'berth.dev/v1alpha1', kind: 'WhatsAppSession' },
    'Warning',
    'NoCapacity',
    'No worker is free.',
  )
  await recorder.close()
  const condition = {
    type: 'Ready',
    status: 'False' as const,
    reason: 'NoCapacity',
    message: 'All workers of the tier are full.',
    lastTransitionTime: '2026-11-21T09:00:00Z',
  }
  await cluster.client.apply(
    SessionKind,
    { metadata: { name: 'described.one' }, status: { conditions: [condition] } },
    { manager: 'test', subresource: 'status' },
  )
  const text = await ok('describe wa described.one')
  expect(text).toMatch(/^name: described\.one\nkind: WhatsAppSession\n/)
  expect(text).toMatch(/\nSpec\n( {2}.+\n)* {2}tenant: described\n/)
  expect(text).toMatch(/\n {2}Ready +False +NoCapacity +2026-11-21T09:00:00Z +All workers of the tier are full\.\n/)
  expect(text).toMatch(
    /\nEvents\n {2}LAST SEEN +TYPE +REASON +MESSAGE\n {2}\d+s +Warning +NoCapacity +No worker is free\.\n/,
  )
  const json = JSON.parse(await ok('describe wa/described.one --json'))
  expect(json).toMatchObject({ object: { spec: { tenant: 'described' } }, events: [{ reason: 'NoCapacity' }] })
})

test('deletes, and tells a deletion that is asked for from one that is done', async () => {
  await createTenant('gone')
  expect(await ok('delete tenant gone')).toBe('tenant/gone deleted\n')

  await createTenant('held', { finalizers: ['berth.dev/test'] })
  expect(await ok('delete tenant held')).toBe('tenant/held is being deleted\n')
  const early = await run('delete tenant held --wait --timeout 0.2')
  expect(early).toMatchObject({ code: 1, out: 'tenant/held is being deleted\n', err: expect.stringContaining('0.2 s') })
  const waiting = new Watching(inCluster(['delete', 'tenant', 'held', '--wait']), surroundings())
  expect(await waiting.note()).toBe('tenant/held is being deleted; waiting')
  await cluster.client.mergePatch(TenantKind, 'held', { metadata: { finalizers: null } })
  expect(await waiting.line()).toBe('tenant/held deleted')
})

test('deletes what a file names, last first, and what has a label', async () => {
  await write('both.yaml', `${tenant('filed')}---\n${session('filed.one', 'filed')}`)
  await ok('apply -f both.yaml')
  expect(await ok('delete -f both.yaml')).toBe('whatsappsession/filed.one deleted\ntenant/filed deleted\n')
  await createTenant('labelled-a', { labels: { set: 'labelled' } })
  await createTenant('labelled-b', { labels: { set: 'labelled' } })
  expect(await ok('delete tenants -l set=labelled')).toBe('tenant/labelled-a deleted\ntenant/labelled-b deleted\n')
  expect(await run('delete tenants')).toMatchObject({ code: 2, err: expect.stringContaining('Which one?') })
})
