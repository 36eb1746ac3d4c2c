/** The process as it runs: settings, start, and a stop that cuts nobody off. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createApiKey } from '@berth/core/crypto/api-key.ts'
import { startTestPostgres, type TestDatabase } from '@berth/local/postgres/testing.ts'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bareEnvironment } from '../bare-environment.ts'
import { CuttableProxy } from '../kube-client/proxy.ts'

const MAIN = path.join(import.meta.dirname, '../../gateway/main.ts')

let database: TestDatabase
let folder: string
let child: ChildProcess | undefined

beforeAll(async () => {
  database = await startTestPostgres()
  folder = await mkdtemp(path.join(tmpdir(), 'berth-gateway-'))
  const cluster = { name: 'x', cluster: { server: 'http://127.0.0.1:9' } }
  const context = { name: 'x', context: { cluster: 'x', user: 'x', namespace: 'berth' } }
  const kubeconfig = {
    clusters: [cluster],
    users: [{ name: 'x', user: {} }],
    contexts: [context],
    'current-context': 'x',
  }
  await writeFile(path.join(folder, 'kubeconfig'), JSON.stringify(kubeconfig))
})
afterEach(() => child?.kill('SIGKILL'))
afterAll(async () => {
  await database.close()
  await rm(folder, { recursive: true })
})

/** Starts the gateway; `line` waits for a line of its output that holds a text. */
function start(env: Record<string, string>) {
  const process_ = spawn(process.execPath, [MAIN], { env: { ...bareEnvironment(), ...env } })
  child = process_
  let output = ''
  const waiting = new Set<() => void>()
  for (const stream of [process_.stdout, process_.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
      for (const check of waiting) check()
    })
  }
  const line = (text: string) =>
    new Promise<string>((resolve) => {
      const check = () => {
        const found = output.split('\n').find((each) => each.includes(text))
        if (found) resolve(found)
      }
      waiting.add(check)
      check()
    })
  return { process: process_, line, output: () => output }
}

const settings = () => ({
  DATABASE_URL: database.url,
  KUBECONFIG: path.join(folder, 'kubeconfig'),
  BERTH_NAMESPACE: 'berth',
  BERTH_INTERNAL_TOKEN: 'token-of-the-test-installation',
  HOST: '127.0.0.1',
  PORT: '0',
  METRICS_PORT: '0',
})

test('says in one message which settings are missing', async () => {
  const gateway = start({})
  const [code] = await once(gateway.process, 'close')
  expect(code).toBe(1)
  for (const name of ['DATABASE_URL', 'BERTH_NAMESPACE', 'BERTH_INTERNAL_TOKEN']) {
    expect(gateway.output()).toContain(`${name} is not set`)
  }
})

test('starts, tells its metrics on a port of their own, and on SIGTERM stops with exit code 0', async () => {
  const gateway = start(settings())
  const { url, metricsPort } = JSON.parse(await gateway.line('the gateway listens'))
  const answer = await fetch(`${url}/readyz`)
  expect(answer.status).toBe(200)
  expect((await fetch(`${url}/metrics`)).status).toBe(404)
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  expect(metrics).toContain('route="/readyz"')
  gateway.process.kill('SIGTERM')
  const [code] = await once(gateway.process, 'close')
  expect(code).toBe(0)
})

test('without the database it stays ready, so that callers are told why nothing works', async () => {
  const network = await CuttableProxy.start(database.url)
  const through = new URL(database.url)
  through.port = new URL(network.url).port
  const gateway = start({ ...settings(), DATABASE_URL: through.href })
  const { url } = JSON.parse(await gateway.line('the gateway listens'))
  /** With another key each time: one that is unknown is remembered. */
  const ask = () => fetch(`${url}/v1/sessions`, { headers: { authorization: `Bearer ${createApiKey().key}` } })
  expect((await ask()).status).toBe(401)
  network.cut()
  const answer = await ask()
  expect(answer.status).toBe(503)
  expect(await answer.json()).toMatchObject({ code: 'database_unavailable' })
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  await network.close()
})

test('refuses a database without a schema', async () => {
  const empty = new URL(database.url)
  empty.pathname = '/postgres'
  const gateway = start({ ...settings(), DATABASE_URL: empty.href })
  const [code] = await once(gateway.process, 'close')
  expect(code).toBe(1)
  expect(gateway.output()).toContain('Run the migrations first')
})
