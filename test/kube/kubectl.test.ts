/**
 * Real kubectl against the server under test. Takes every kubectl that it finds: those in BERTH_TEST_KUBECTL (separated
 * like PATH), or the one on PATH with the oldest and the newest of the versions beside it (`kubectl.1.27`).
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Cluster, makeNamespace, startCluster } from './cluster.ts'
import { categoryOf, installThings, removeThings, type Things } from './thing.ts'

function findKubectls(): string[] {
  const listed = process.env.BERTH_TEST_KUBECTL?.split(delimiter).filter(Boolean)
  if (listed) return listed
  const folder = process.env.PATH?.split(delimiter).find((candidate) => existsSync(join(candidate, 'kubectl')))
  if (!folder) return []
  const kubectl = realpathSync(join(folder, 'kubectl'))
  const beside = readdirSync(dirname(kubectl)).filter((file) => /^kubectl\.1\.\d+$/.test(file))
  beside.sort((a, b) => Number(a.split('.')[2]) - Number(b.split('.')[2]))
  const versions = [...new Set([beside[0], beside.at(-1)])].filter((file) => file !== undefined)
  return versions.length > 0 ? versions.map((file) => join(dirname(kubectl), file)) : [kubectl]
}

const kubectls = findKubectls()

if (kubectls.length === 0) {
  test.skip('kubectl: none is on PATH, so these tests have nothing to run', () => {})
}

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

describe.each(kubectls.map((kubectl, index) => [kubectl, index] as const))('%s', (kubectl, index) => {
  const plural = `kubectl${index}things`
  let cluster: Cluster
  let things: Things
  let folder: string
  let minor: number

  beforeAll(async () => {
    cluster = await startCluster()
    things = await installThings(cluster, plural, await makeNamespace(cluster))
    folder = await mkdtemp(join(tmpdir(), 'berth-kubectl-'))
    const version = JSON.parse((await run('version', '--client', '-o', 'json')).stdout)
    minor = Number.parseInt(version.clientVersion.minor, 10)
  })

  afterAll(async () => {
    await removeThings(cluster, things)
    await cluster.close()
    await rm(folder, { recursive: true })
  })

  const flags = () => ['--kubeconfig', cluster.kubeconfigPath, '--cache-dir', folder, '-n', things.namespace]

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(kubectl, [...args, ...flags()], { timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
      })
    })
  }

  /** Writes a manifest and returns its path. */
  async function manifest(name: string, spec: object): Promise<string> {
    const path = join(folder, `${name}.json`)
    await writeFile(path, JSON.stringify(things.make(name, { tenant: 't', ...spec })))
    return path
  }

  test('apply creates, configures, and refuses what the schema refuses', async () => {
    const file = await manifest('applied', { limit: 5 })
    expect((await run('apply', '-f', file)).stdout).toContain('applied created')
    expect((await run('apply', '-f', file)).stdout).toContain('applied unchanged')
    await manifest('applied', { steps: ['a'] })
    expect((await run('apply', '-f', file)).stdout).toContain('applied configured')
    const { body } = await cluster.get(things.path('applied'))
    expect(body.spec).toEqual({ tenant: 't', steps: ['a'], replicas: 1, state: 'Active' })
    await manifest('applied', { limit: 500 })
    expect((await run('apply', '-f', file)).stderr).toContain('limit must be at most 100')
    await manifest('applied', { bogus: 1 })
    const unknown = await run('apply', '-f', file)
    // Older clients leave unknown fields to the server and show its warning.
    expect(unknown.stderr).toContain('unknown field "spec.bogus"')
    expect(unknown.code === 0).toBe(minor < 25)
  })

  test('apply --server-side names who is in the way', async () => {
    const file = await manifest('owned', { limit: 5 })
    expect((await run('apply', '--server-side', '-f', file)).stdout).toContain('owned serverside-applied')
    await manifest('owned', { limit: 6 })
    const refused = await run('apply', '--server-side', '--field-manager=other', '-f', file)
    expect(refused.stderr).toContain('conflict with "kubectl": .spec.limit')
    const forced = await run('apply', '--server-side', '--field-manager=other', '--force-conflicts', '-f', file)
    expect(forced.code).toBe(0)
  })

  test('get shows the printer columns, by short name and by category', async () => {
    await run('apply', '-f', await manifest('shown', {}))
    const { stdout } = await run('get', `x${plural}`, 'shown')
    expect(stdout.split('\n')[0]!.split(/\s+/).filter(Boolean)).toEqual(['NAME', 'TENANT', 'READY', 'AGE'])
    expect(stdout).toMatch(/shown\s+t\s+\d+s/)
    expect((await run('get', categoryOf(plural))).stdout).toContain('shown')
    expect((await run('get', plural, '-o', 'wide')).stdout).toContain('REPLICAS')
    const path = await run('get', plural, 'shown', '-o', 'jsonpath={.spec.state}')
    expect(path.stdout).toBe('Active')
  })

  test('get -w follows changes', async () => {
    await run('apply', '-f', await manifest('followed', {}))
    const child = spawn(kubectl, ['get', plural, 'followed', '-w', ...flags()])
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    try {
      expect((await lines.next()).value).toContain('NAME')
      expect((await lines.next()).value).toContain('followed')
      // kubectl shows nothing of what its watch begins with: a change that comes before that is never told. So: again, until
      // one is.
      const told = lines.next()
      for (let turn = 1, over = false; !over; turn++) {
        await cluster.patch(things.path('followed', 'status'), {
          status: { conditions: [{ type: 'Ready', status: `Soon${turn}` }] },
        })
        over = await Promise.race([told.then(() => true), delay(500, false)])
      }
      expect((await told).value).toContain('Soon')
    } finally {
      child.kill()
    }
  })

  test('patch, label, scale and edit by replace', async () => {
    await run('apply', '-f', await manifest('changed', {}))
    const patched = await run('patch', plural, 'changed', '--type=merge', '-p', '{"spec":{"limit":7}}')
    expect(patched.stdout).toContain('patched')
    expect((await run('label', plural, 'changed', 'tier=gold')).stdout).toContain('labeled')
    expect((await run('scale', plural, 'changed', '--replicas=3')).stdout).toContain('scaled')
    const { body } = await cluster.get(things.path('changed'))
    expect(body).toMatchObject({ metadata: { labels: { tier: 'gold' } }, spec: { limit: 7, replicas: 3 } })
    await writeFile(join(folder, 'changed.json'), JSON.stringify({ ...body, spec: { ...body.spec, limit: 8 } }))
    expect((await run('replace', '-f', join(folder, 'changed.json'))).stdout).toContain('replaced')
  })

  test('wait sees conditions come', async () => {
    await run('apply', '-f', await manifest('awaited', {}))
    const waiting = run('wait', `${plural}/awaited`, '--for=condition=Ready', '--timeout=10s')
    await cluster.patch(things.path('awaited', 'status'), {
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    })
    expect((await waiting).stdout).toContain('condition met')
  })

  test('describe shows the object with its events', async () => {
    await run('apply', '-f', await manifest('described', { limit: 42 }))
    const { body } = await cluster.get(things.path('described'))
    const { name, namespace, uid } = body.metadata
    const time = new Date().toISOString().replace(/\.\d+/, '')
    await cluster.post(`/api/v1/namespaces/${namespace}/events`, {
      metadata: { name: 'described.1' },
      involvedObject: { apiVersion: body.apiVersion, kind: body.kind, name, namespace, uid },
      reason: 'Placed',
      message: 'now on worker-1',
      type: 'Normal',
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: 'suite' },
    })
    const { stdout } = await run('describe', plural, 'described')
    expect(stdout).toMatch(/Limit:\s+42/)
    expect(stdout).toMatch(/Normal\s+Placed\s+\S+\s+suite\s+now on worker-1/)
  })

  test('explain reads the descriptions', async ({ skip }) => {
    // Before 1.24 explain reads OpenAPI version 2, which the embedded server leaves empty.
    if (minor < 24) skip()
    await cluster.until('/openapi/v3/apis/suite.berth.dev/v1', (answer) =>
      JSON.stringify(answer.body).includes(things.kind),
    )
    const { stdout } = await run('explain', `${plural}.spec.tenant`)
    expect(stdout).toContain('Whose it is')
    expect((await run('explain', plural, '--recursive')).stdout).toMatch(/hooks\s+<\[\]Object>/)
  })

  test('create makes secrets and config maps, whatever encoding the client sends', async () => {
    const secret = await run('create', 'secret', 'generic', 'made', '--from-literal=key=value')
    expect(secret.stdout).toContain('secret/made created')
    expect((await run('create', 'configmap', 'made', '--from-literal=key=value')).stdout).toContain('created')
    const { body } = await cluster.get(`/api/v1/namespaces/${things.namespace}/secrets/made`)
    expect(body).toMatchObject({ type: 'Opaque', data: { key: 'dmFsdWU=' } })
  })

  test('delete waits until the object is gone', async () => {
    await run('apply', '-f', await manifest('deleted', {}))
    expect((await run('delete', plural, 'deleted')).stdout).toContain('deleted')
    expect((await run('get', plural, 'deleted')).stderr).toContain('not found')
  })
})
