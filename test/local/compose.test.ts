/** All of Berth, as `npm start` brings it up. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { PodKind, SessionKind, TenantKind, TierKind } from '@berth/core/model/kind.ts'
import { runAsOwner } from '@berth/core/postgres/owner.ts'
import { type Berth, startBerth } from '@berth/local/compose.ts'
import { AlreadyRuns } from '@berth/local/lock.ts'
import { identify, isRunning, type ProcessIdentity } from '@berth/local/process/identity.ts'
import { findRunning } from '@berth/local/running.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { GuestBerth } from '../chaos/guest-berth.ts'
import { Installation } from '../chaos/installation.ts'
import { kill, startFixture } from './fixtures/child.ts'

interface Said {
  gatewayUrl: string
  kubeconfig: string
  apiKey: string
  pids: Record<string, number>
}

let dataDir: string
let berth: Berth | undefined

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'berth-local-'))
})
afterEach(async () => {
  await berth?.stop()
  berth = undefined
  await rm(dataDir, { recursive: true, force: true })
})

const start = async (): Promise<Berth> => {
  berth = await startBerth({ dataDir, anyPorts: true, quiet: true })
  return berth
}

const sessions = (url: string, key: string): Promise<Response> =>
  fetch(`${url}/v1/sessions`, { headers: { authorization: `Bearer ${key}` } })

async function withClient<T>(kubeconfig: string, work: (client: KubeClient) => Promise<T>): Promise<T> {
  const client = new KubeClient(await loadKubeConfig({ kubeconfig }))
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

const podNames = (kubeconfig: string): Promise<string[]> =>
  withClient(kubeconfig, async (client) => (await client.list(PodKind)).items.map((pod) => pod.metadata.name).sort())

it('comes up whole, goes down whole, and is the same the next time', async () => {
  const first = await start()
  expect(first.stillStarting).toEqual([])
  expect((await sessions(first.gatewayUrl, first.apiKey!)).status).toBe(200)
  expect((await fetch(`${first.simulatorUrl}/v1/phones`)).status).toBe(200)
  await expect(startBerth({ dataDir, quiet: true })).rejects.toThrow(AlreadyRuns)
  const processes = Object.values(first.pids()).map((pid) => identify(pid)!)
  const { gatewayUrl, apiKey, kubeconfig } = first
  await withClient(kubeconfig, (client) => client.delete(TenantKind, 'demo'))
  await withClient(kubeconfig, (client) =>
    client.create(TenantKind, { metadata: { name: 'acme' }, spec: { tier: 'basic' } } as never),
  )
  await vi.waitFor(
    () => withClient(kubeconfig, async (client) => expect(await client.get(TenantKind, 'demo')).toBeUndefined()),
    { timeout: 60_000 },
  )
  await first.stop()
  expect(processes.filter(isRunning)).toEqual([])

  const second = await start()
  expect(second.gatewayUrl).toBe(gatewayUrl)
  // Who deletes the demo tenant does not get it back, and its key is worth nothing.
  expect(second.apiKey).toBeUndefined()
  expect((await sessions(gatewayUrl, apiKey!)).status).toBe(401)
  await withClient(kubeconfig, async (client) => {
    expect(await client.get(TenantKind, 'demo')).toBeUndefined()
    expect(await client.get(TenantKind, 'acme')).toBeDefined()
  })
})

it('killed: the next start ends what was left behind, and goes on with the same pods and key', async () => {
  const first = await startFixture<Said>('berth.ts', dataDir)
  const pods = await podNames(first.said.kubeconfig)
  expect(pods.length).toBeGreaterThan(0)
  const left: ProcessIdentity[] = Object.values(first.said.pids).map((pid) => identify(pid)!)
  await kill(first.process)
  expect(left.filter(isRunning)).toHaveLength(5)
  const second = await start()
  expect(left.filter(isRunning)).toEqual([])
  expect(second.apiKey).toBe(first.said.apiKey)
  expect(await podNames(second.kubeconfig)).toEqual(pods)
  expect((await sessions(second.gatewayUrl, second.apiKey!)).status).toBe(200)
})

it('a service that is killed is started again; a guest is let in, and leaves nothing behind', async () => {
  const { pids, gatewayUrl, apiKey, logsDir } = await start()
  const before = pids.call(berth).gateway!
  process.kill(before, 'SIGKILL')
  await vi.waitFor(async () => expect((await sessions(gatewayUrl, apiKey!)).status).toBe(200), {
    timeout: 60_000,
    interval: 50,
  })
  expect(berth!.pids().gateway).not.toBe(before)
  expect(await readFile(path.join(logsDir, 'gateway.log'), 'utf8')).toContain('"component":"gateway"')
  await beAGuest(berth!)
}, 300_000)

/** As the demo is one: beside the process that runs it. */
async function beAGuest(berth: Berth): Promise<void> {
  expect(await findRunning(dataDir)).toBeUndefined()
  berth.announce('It runs.')
  const running = (await findRunning(dataDir))!
  const { simulatorUrl, ...where } = await running.where()
  expect(where).toMatchObject({ gatewayUrl: berth.gatewayUrl, hasPostgres: true, pids: berth.pids() })
  const objects = () =>
    withClient(berth.kubeconfig, async (client) => {
      const lists = await Promise.all([client.list(TenantKind), client.list(TierKind), client.list(SessionKind)])
      return lists.map(({ items }) => items.map(({ metadata }) => metadata.name).sort())
    })
  const before = await objects()

  const account = { tenant: 'bakery', session: 'orders', number: '5511977710001', contacts: ['5521988880001'] }
  const population = { tenants: [{ name: 'bakery', tier: 'basic' as const }], accounts: [account] }
  const guest = await Installation.start(new GuestBerth(running, { ...where, simulatorUrl: simulatorUrl! }), population)
  expect(await guest.notConnected()).toEqual([])
  expect((await guest.workers())[0]!.name).toMatch(/^demo-basic-/)
  expect(await objects()).not.toEqual(before)
  await guest.berth.stopPostgres()
  await expect(runAsOwner(berth.databaseUrl, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  await guest.stop()
  expect(await objects()).toEqual(before)
  await runAsOwner(berth.databaseUrl, 'SELECT 1')
  expect(
    (await new SimulatorClient(berth.simulatorUrl!).devices()).filter(({ number }) => number === account.number),
  ).toEqual([])
}
