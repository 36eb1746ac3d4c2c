/** Each image's process as it runs in a cluster: read-only, without rights, beside a real Postgres and the Kubernetes API. */
import { randomBytes, randomUUID } from 'node:crypto'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { freePort } from '@berth/local/ports.ts'
import { nodeEnvironment } from '@berth/operator/node-environment.ts'
import { SimulatorClient } from '@berth/simulator/client.ts'
import { link, TestClient, trust } from '@berth/simulator/testing/baileys.ts'
import type { TestSession } from '@berth/test/worker/test-session.ts'
import { until } from '@berth/test/worker/until.ts'
import { World } from '@berth/test/worker/world.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Container, type ContainerOptions, startContainer } from './testing/container.ts'
import { type UnpackedImage, unpackImages } from './testing/image.ts'

const KUBECONFIG = '/run/berth/kubeconfig'
const PHONE = '5511900000001'
const CONTACT = '5511900000002'
/** Not the image's, and nobody's. */
const OTHER_USER = 34567

let world: World
let images: Record<'operator' | 'gateway' | 'worker' | 'simulator', UnpackedImage>
const containers = new Set<Container>()

beforeAll(async () => {
  images = await unpackImages('operator', 'gateway', 'worker', 'simulator')
  world = await World.start()
  await world.whatsapp.createPhone({ number: PHONE, name: 'Acme Support' })
  await world.whatsapp.createPhone({ number: CONTACT, name: 'Ana' })
})
afterEach(async () => {
  for (const container of containers) await container.remove()
  containers.clear()
})
afterAll(async () => {
  await world?.close()
  for (const image of Object.values(images ?? {})) await image.remove()
})

async function start(image: UnpackedImage, options: ContainerOptions): Promise<Container> {
  const container = await startContainer(image, options)
  containers.add(container)
  return container
}

const newPod = () => ({ name: `worker-${randomBytes(3).toString('hex')}`, podUid: randomUUID() })

/** With the settings of the test's installation. */
async function startInWorld(image: UnpackedImage, options: ContainerOptions = {}, pod = newPod()): Promise<Container> {
  const { KUBECONFIG: from, ...env } = await world.environmentOf(pod)
  const mounts = { [KUBECONFIG]: { from: from! }, ...options.mounts }
  const namespace = env.POD_NAMESPACE!
  return start(image, { ...options, mounts, env: { ...env, KUBECONFIG, BERTH_NAMESPACE: namespace, ...options.env } })
}

/** Waits for a 200, and says what the process wrote when it ended before. */
async function untilReady(container: Container, url: string): Promise<void> {
  const ended = container.exited.then((code) => {
    throw new Error(`it ended with ${code}:\n${container.output()}`)
  })
  const isReady = async () => {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    return answer?.ok || undefined
  }
  await Promise.race([until(isReady, 60), ended])
}

describe.each([
  ['the user of the image', {}],
  ['any other user', { user: OTHER_USER }],
] as const)('as %s', (_user, as: ContainerOptions) => {
  test('the operator gets ready, and ends with 0 when it is told to', async () => {
    const port = await freePort()
    const operator = await startInWorld(images.operator, { ...as, env: { PORT: String(port), HOST: '127.0.0.1' } })
    await untilReady(operator, `http://127.0.0.1:${port}/readyz`)
    expect(await operator.stop()).toBe(0)
    expect(await operator.changes()).toEqual([])
  })

  test('the gateway gets ready, shows its API document, and ends with 0 when it is told to', async () => {
    const port = await freePort()
    const env = { PORT: String(port), METRICS_PORT: '0', HOST: '127.0.0.1' }
    const gateway = await startInWorld(images.gateway, { ...as, env })
    const url = `http://127.0.0.1:${port}`
    await untilReady(gateway, `${url}/readyz`)
    for (const file of ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/static/swagger-ui.css']) {
      const answer = await fetch(url + file)
      expect([file, answer.status]).toEqual([file, 200])
      expect((await answer.text()).length).toBeGreaterThan(500)
    }
    expect(await gateway.stop()).toBe(0)
    expect(await gateway.changes()).toEqual([])
  })

  test('the worker gets ready, and ends with 0 when it is told to', async () => {
    const pod = newPod()
    const worker = await startInWorld(images.worker, as, pod)
    const { address } = await world.addressOf(pod)
    await untilReady(worker, `${address}/readyz`)
    expect(await worker.stop()).toBe(0)
    expect(await worker.changes()).toEqual([])
  })
})

test('the worker links a phone, and messages go both ways', async () => {
  const session: TestSession = await world.addSession('support')
  const pod = newPod()
  await session.place(pod)
  const worker = await startInWorld(images.worker, {}, pod)
  await session.link(await world.addressOf(pod), PHONE)
  await session.addSend(CONTACT, 'out')
  await world.whatsapp.sendText(CONTACT, PHONE, 'in')
  await session.untilMessage('out', 'delivered')
  await session.untilMessage('in', 'received')
  expect((await world.whatsapp.messages(CONTACT, PHONE)).map(({ text }) => text).sort()).toEqual(['in', 'out'])
  expect(await world.whatsapp.faults()).toEqual([])
  await session.place(undefined)
  expect(await worker.stop()).toBe(0)
})

test('the simulator shows its page, and links Baileys', async () => {
  const data = await mkdtemp(path.join(os.tmpdir(), 'berth-simulator-'))
  try {
    await chown(data, 1000, 1000)
    const port = await freePort()
    const mounts = { '/data': { from: data, writable: true } }
    const simulator = await start(images.simulator, { mounts, args: ['--data', '/data', '--port', String(port)] })
    const url = `http://127.0.0.1:${port}`
    await untilReady(simulator, `${url}/v1/info`)
    for (const file of ['/', '/page/main.js']) expect((await fetch(url + file)).status).toBe(200)

    const api = new SimulatorClient(url)
    for (const number of [PHONE, CONTACT]) await api.createPhone({ number, name: number })
    const auth = await link(api, PHONE)
    const client = await new TestClient(await trust(api), auth).open()
    const id = await api.sendText(CONTACT, PHONE, 'hello')
    expect((await client.message(id)).message?.conversation).toBe('hello')
    client.end()
    expect(await simulator.stop()).toBe(0)
  } finally {
    await rm(data, { recursive: true })
  }
})

test('the command line is in the image of the operator', async () => {
  const { name } = await world.addSession('listed')
  const command = ['node', '/app/berth.js', 'get', 'sessions']
  const line = await startInWorld(images.operator, { command })
  expect([await line.exited, line.output()]).toEqual([0, expect.stringContaining(name)])
})

test.each(['operator', 'gateway', 'worker'] as const)(
  'the %s finds its code compiled, with the options of a pod too',
  async (name) => {
    const env = { DATABASE_URL: '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...nodeEnvironment('768Mi') }
    const process = await startInWorld(images[name], { env })
    expect(await process.exited).toBe(1)
    expect(process.output()).toContain('DATABASE_URL is not set')
    expect(process.output()).toMatch(/V8 code cache for ESM file:\/\/\/app\/main-\w+\.js was accepted/)
    expect(process.output()).not.toContain('was rejected')
  },
)

test('what goes wrong is told by the lines of our sources', async () => {
  const operator = await startInWorld(images.operator, { env: { KUBECONFIG: '/nowhere' } })
  expect(await operator.exited).toBe(1)
  expect(operator.output()).toMatch(/source\/core\/kube\/\w[\w-]*\.ts:\d+/)
})
