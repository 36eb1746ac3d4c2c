/**
 * The main job, whole: a tenant and a session applied, placed, a phone linked by QR, a text out and one in, the worker
 * killed, its pod deleted, everything stopped and started again. Judged by what the simulator's phones saw.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Berth as Client } from '@berth/client'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { apiVersionOf, type Kind, PodKind, SessionKind, TenantKind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { type Berth, startBerth } from '@berth/local/compose.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { scratchFolder } from '../scratch.ts'

const ME = '5511900000001'
const ANA = '5511911111111'
const MINUTE = 60_000

let dataDir: string
let berth: Berth
let kube: KubeClient
let api: Client
let simulator: SimulatorClient

async function start(): Promise<void> {
  berth = await startBerth({ dataDir, anyPorts: true, quiet: true })
  kube = new KubeClient(await loadKubeConfig({ kubeconfig: berth.kubeconfig }))
  api = new Client({ url: berth.gatewayUrl, apiKey: berth.apiKey! })
  simulator = new SimulatorClient(berth.simulatorUrl!)
}

async function stop(): Promise<void> {
  await kube.close()
  await berth.stop()
}

beforeAll(async () => {
  dataDir = await scratchFolder('e2e')
  await start()
}, 3 * MINUTE)

afterAll(async () => {
  await stop()
  await rm(dataDir, { recursive: true, force: true })
}, 3 * MINUTE)

const session = async () => (await kube.get(SessionKind, 'support'))!
const placement = async () => (await session()).status!.placement!
const connected = async () =>
  (await session()).status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'

/** Process ids of the pod's container: the kubelet of local mode writes it into the container's id. */
async function workerPid(): Promise<number> {
  const pod = await kube.get(PodKind, (await placement()).worker)
  return Number(/^process:\/\/(\d+)-/.exec(pod!.status!.containerStatuses![0]!.containerID!)![1])
}

/** Texts in Ana's chat with our account, as her phone shows them. */
const seenByAna = async (): Promise<string[]> =>
  (await simulator.messages(ANA, ME)).filter(({ direction }) => direction === 'in').map(({ text }) => text)

const texts = async (direction: 'incoming' | 'outgoing') =>
  (await Array.fromAsync(api.allMessages('support', { direction }))).map(({ text }) => text)

async function sendAndArrive(text: string): Promise<void> {
  const { id } = await api.sendMessage('support', { to: `+${ANA}`, text }, { prefer: 'wait=10' })
  await expect.poll(async () => (await api.getMessage('support', id)).status).toBe('delivered')
  expect((await seenByAna()).filter((seen) => seen === text)).toEqual([text])
}

test('a tenant and a session are applied, and the session waits for a scan', async () => {
  const kinds = new Map<string, Kind<KubeObject>>(
    [TenantKind, SessionKind].map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]),
  )
  const manifest = await readFile(join(import.meta.dirname, '../../examples/quickstart.yaml'), 'utf8')
  for (const document of parseAllDocuments(manifest)) {
    const object = document.toJS() as KubeObject
    await kube.apply(kinds.get(`${object.apiVersion}/${object.kind}`)!, object, { manager: 'test' })
  }
  await expect.poll(async () => (await session()).status?.connection?.state).toBe('WaitingForScan')
  expect((await placement()).generation).toBe(1)
  await expect.poll(async () => (await api.getSession('support')).state).toBe('WaitingForScan')
})

test('a phone scans the QR, and the session is connected', async () => {
  for (const number of [ME, ANA]) {
    const known = (await simulator.phones()).some((phone) => phone.number === number)
    if (!known) await simulator.createPhone({ number, name: number === ME ? 'Me' : 'Ana' })
  }
  await simulator.scan(ME, (await api.getQr('support')).qr)
  await expect.poll(connected).toBe(true)
  expect((await session()).status!.connection!.phoneNumber).toBe(`+${ME}`)
  await expect.poll(() => api.getSession('support')).toMatchObject({ state: 'Connected', phoneNumber: `+${ME}` })
})

test('a text goes out and is delivered and read; a text comes in', async () => {
  await sendAndArrive('hello Ana')
  await simulator.readChat(ANA, ME)
  await expect.poll(async () => (await api.listMessages('support')).data[0]?.status).toBe('read')
  await simulator.sendText(ANA, ME, 'hello Berth')
  await expect.poll(() => texts('incoming')).toEqual(['hello Berth'])
})

test(
  // By its next boot or, on a machine so busy that this takes too long, by another worker.
  'the worker is killed: the session goes on, without a QR',
  async () => {
    const before = await session()
    process.kill(await workerPid(), 'SIGKILL')
    await simulator.sendText(ANA, ME, 'while it was dead')
    await sendAndArrive('sent while it was dead')
    await expect.poll(() => texts('incoming')).toContain('while it was dead')
    await expect.poll(connected).toBe(true)
    const after = await session()
    expect(after.status!.connection!.epoch).toBeGreaterThan(before.status!.connection!.epoch)
  },
  3 * MINUTE,
)

test(
  'its pod is gone: another worker takes the session, without a QR',
  async () => {
    const before = await placement()
    await kube.delete(PodKind, before.worker, { gracePeriodSeconds: 0 })
    await sendAndArrive('sent while it moved')
    await expect.poll(connected).toBe(true)
    const after = await placement()
    expect(after.worker).not.toBe(before.worker)
    expect(after.generation).toBe(before.generation + 1)
    expect(await kube.get(PodKind, before.worker)).toBeUndefined()
  },
  3 * MINUTE,
)

test(
  'everything is stopped and started again: session and messages are still there',
  async () => {
    const before = await texts('outgoing')
    await stop()
    await start()
    await expect.poll(connected).toBe(true)
    expect(await texts('outgoing')).toEqual(before)
    await sendAndArrive('after the restart')
  },
  4 * MINUTE,
)

test('nothing was lost or doubled, nobody overlapped, and the simulator saw no fault', async () => {
  const sent = ['hello Ana', 'sent while it was dead', 'sent while it moved', 'after the restart']
  expect(await seenByAna()).toEqual(sent)
  expect((await texts('outgoing')).sort()).toEqual([...sent].sort())
  expect((await texts('incoming')).sort()).toEqual(['hello Berth', 'while it was dead'])

  const logins = (await simulator.connections({ number: ME })).filter(({ loginAt }) => loginAt !== null)
  const ends = logins.map(({ closedAt }) => closedAt ?? Number.POSITIVE_INFINITY)
  for (const [i, login] of logins.entries()) if (i > 0) expect(login.loginAt).toBeGreaterThanOrEqual(ends[i - 1]!)
  expect(new Set(logins.map(({ device }) => device)).size, 'one link, so one QR').toBe(1)
  expect(await simulator.faults()).toEqual([])
})
