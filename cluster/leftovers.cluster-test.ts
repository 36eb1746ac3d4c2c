/** Whatever part of a cluster is killed, and when: `down` leaves the machine as it was, and `up` works again. Needs root. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clusterDown, clusterUp, findCluster } from './cluster.ts'
import { hasKind } from './kind/kind.ts'
import { ROOT } from './record.ts'
import { CONTAINER, eventually, Pods } from './testing/pods.ts'
import { traces } from './testing/traces.ts'

const name = 'proof'

/** What kind leaves behind is kind's. */
describe.skipIf(await hasKind())('whatever was killed', () => {
  let before: string[]

  beforeAll(async () => {
    await clusterDown({ name })
    before = await traces(name)
  })

  afterAll(() => clusterDown({ name }))

  /** What is there now and was not before. The kernel takes some things away a moment after the last process. */
  const expectNothingLeft = () =>
    eventually(async () => {
      const now = await traces(name)
      expect(now.filter((line) => !before.includes(line))).toEqual([])
      expect(before.filter((line) => !line.startsWith('process') && !now.includes(line))).toEqual([])
    })

  /** Runs `npm run cluster:up` and kills it with SIGKILL as soon as it has said such a line. */
  async function killUpAt(line: RegExp): Promise<void> {
    const main = path.join(import.meta.dirname, 'main.ts')
    const up = spawn(process.execPath, [main, 'up'], {
      env: { ...process.env, BERTH_CLUSTER: name },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exit = once(up, 'exit')
    for await (const said of createInterface(up.stdout)) {
      if (line.test(said)) up.kill('SIGKILL')
    }
    const [, signal] = await exit
    expect(signal).toBe('SIGKILL')
  }

  it('up that is killed while it starts the control plane leaves nothing after down', async () => {
    await killUpAt(/starting the control plane/)
    await clusterDown({ name })
    await expectNothingLeft()
  })

  it('up that is killed while it starts the nodes leaves nothing after down', async () => {
    await killUpAt(/starting the nodes/)
    await clusterDown({ name })
    await expectNothingLeft()
  })

  it('up cleans up after an up that was killed, and makes the cluster', async () => {
    await killUpAt(/starting the nodes/)
    expect(await findCluster({ name })).toBeUndefined()
    const told: string[] = []
    const cluster = await clusterUp({ name, onProgress: (line) => told.push(line) })
    expect(told).toContain('removing what an earlier run left behind')
    expect((await cluster.parts()).filter(({ pid }) => pid === undefined)).toEqual([])
  })

  it('down ends what a down that was killed had begun', async () => {
    await clusterDown({ name })
    const half = path.join(ROOT, name, 'berth-node-1')
    mkdirSync(half, { recursive: true })
    writeFileSync(path.join(half, 'left'), '')
    await clusterDown({ name })
    await expectNothingLeft()
  })

  it('a cluster with pods, half of whose parts were killed, leaves nothing after down', async () => {
    const cluster = await clusterUp({ name })
    const pods = new Pods(cluster)
    await pods.loadImage()
    const [one, two] = await Promise.all(cluster.nodes.map((node, index) => pods.start(`pod-${index}`, node.name)))
    await pods.expose('pod-0')
    await cluster.cutPod(one!.metadata.uid, [cluster.apiAddress])
    await cluster.stopNode(cluster.nodes[1]!.name)
    for (const part of ['etcd', 'coredns', cluster.nodes[0]!.name]) {
      process.kill((await cluster.parts()).find((each) => each.name === part)!.pid!, 'SIGKILL')
    }
    expect(await cluster.containerProcesses(two!.metadata.uid, CONTAINER)).toEqual([])
    await clusterDown({ name })
    expect(await findCluster({ name })).toBeUndefined()
    await expectNothingLeft()
  })
})
