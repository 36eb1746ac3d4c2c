/** What only the embedded server promises: nothing answered is lost, and nobody else gets in. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startKubernetes } from '@berth/local/kubernetes/server.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cluster } from './cluster.ts'

const MAIN = fileURLToPath(import.meta.resolve('@berth/local/kubernetes/main.ts'))
const MAPS = '/api/v1/namespaces/default/configmaps'

let dataDir: string
let processes: ChildProcess[]

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'berth-kube-'))
  processes = []
})

afterEach(async () => {
  for (const child of processes) child.kill('SIGKILL')
  await rm(dataDir, { recursive: true, force: true })
})

/** Runs the server as a process of its own, as `npm start` does. */
async function run(): Promise<[Cluster, ChildProcess]> {
  const child = spawn(process.execPath, [MAIN, '--data', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  processes.push(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const { ready, kubeconfig } = JSON.parse(line) as { ready: boolean; kubeconfig: string }
    expect(ready).toBe(true)
    return [new Cluster(kubeconfig, true, async () => {}), child]
  }
  throw new Error('the server ended before it was ready')
}

test('a clean restart keeps objects, versions, certificates and token', async () => {
  const first = await startKubernetes({ dataDir })
  const cluster = new Cluster(first.kubeconfigPath, true, () => first.close())
  const { body } = await cluster.post(MAPS, { metadata: { name: 'kept' }, data: { a: 'b' } })
  await cluster.close()
  const second = await startKubernetes({ dataDir })
  expect([second.token, second.ca]).toEqual([first.token, first.ca])
  const again = new Cluster(second.kubeconfigPath, true, () => second.close())
  expect((await again.get(`${MAPS}/kept`)).body).toEqual(body)
  const next = await again.post(MAPS, { metadata: { name: 'next' } })
  expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion))
  await again.close()
})

test('SIGKILL at any moment loses nothing that was answered', async () => {
  const answered: { name: string; resourceVersion: string }[] = []
  for (const round of [1, 2, 3]) {
    const [cluster, child] = await run()
    const exited = once(child, 'exit')
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let index = 0; ; index++) {
        const name = `m-${round}-${writer}-${index}`
        const { body } = await cluster.post(MAPS, { metadata: { name } })
        answered.push({ name, resourceVersion: body.metadata.resourceVersion })
        if (answered.length === round * 40) child.kill('SIGKILL')
      }
    })
    const endings = await Promise.allSettled(writers)
    expect(endings.every((ending) => ending.status === 'rejected')).toBe(true)
    await exited
  }
  const [cluster] = await run()
  const { body } = await cluster.get(MAPS)
  const stored = new Map(body.items.map((item: typeof body) => [item.metadata.name, item.metadata.resourceVersion]))
  expect(answered.filter(({ name, resourceVersion }) => stored.get(name) !== resourceVersion)).toEqual([])
  expect(new Set(answered.map((entry) => entry.resourceVersion)).size).toBe(answered.length)
})

test('SIGTERM ends it cleanly, with watches open', async () => {
  const [cluster, child] = await run()
  const watch = cluster.watch(`${MAPS}?watch=true`, () => false).catch(() => [])
  await cluster.until('/readyz', (answer) => answer.code === 200)
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  await watch
})

test('a watch from before a restart is told to list again, unless nothing happened since', async () => {
  const [cluster, child] = await run()
  const { body } = await cluster.post(MAPS, { metadata: { name: 'a' } })
  const old = body.metadata.resourceVersion
  const { body: last } = await cluster.post(MAPS, { metadata: { name: 'b' } })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const [restarted] = await run()
  const [expired] = await restarted.watch(`${MAPS}?watch=true&resourceVersion=${old}`, () => true)
  expect(expired).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
  const query = `watch=true&resourceVersion=${last.metadata.resourceVersion}`
  const seen = restarted.watch(`${MAPS}?${query}`, (event) => event.type === 'ADDED')
  await restarted.post(MAPS, { metadata: { name: 'c' } })
  expect((await seen)[0]!.object.metadata.name).toBe('c')
})

test('only its owner may read the token, and only the token opens the door', async () => {
  const kubernetes = await startKubernetes({ dataDir })
  const cluster = new Cluster(kubernetes.kubeconfigPath, true, () => kubernetes.close())
  for (const file of ['credentials.json', 'kubeconfig']) {
    expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600)
  }
  for (const token of ['', 'wrong', `${kubernetes.token}x`]) {
    expect(await cluster.get(MAPS, { token })).toMatchObject({ code: 401, body: { reason: 'Unauthorized' } })
    expect((await cluster.get('/healthz', { token })).body).toBe('ok')
    expect((await cluster.get('/version', { token })).code).toBe(200)
  }
  await cluster.close()
})
