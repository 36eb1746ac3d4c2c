/** The cluster does what tests ask of it: pods, Services, DNS, and each way to break something. Needs root. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clusterDown, clusterUp, findCluster, type TestCluster } from './cluster.ts'
import { CONTAINER, eventually, type Pod, Pods } from './testing/pods.ts'

const name = 'proof'

let cluster: TestCluster
let pods: Pods
let one: Pod
let two: Pod
let host: Server
let hostUrl: string

beforeAll(async () => {
  await clusterDown({ name })
  cluster = await clusterUp({ name })
  pods = new Pods(cluster)
  await pods.loadImage()
  const [first, second] = cluster.nodes
  one = await pods.start('one', first!.name)
  two = await pods.start('two', second!.name)
  host = createServer((_, answer) => answer.end('the host')).listen(0, cluster.hostAddress)
  await once(host, 'listening')
  hostUrl = `http://${cluster.hostAddress}:${(host.address() as AddressInfo).port}`
})

afterAll(async () => {
  host?.close()
  await clusterDown({ name })
})

it('pods of different nodes reach each other, themselves by their Service, and the host', async () => {
  await pods.expose('two')
  await eventually(async () => expect(await pods.ask('one', 'http://two.default.svc')).toBe('two'))
  await eventually(async () => expect(await pods.ask('two', 'http://two.default.svc')).toBe('two'))
  expect(await pods.ask('two', pods.urlOf(one))).toBe('one')
  expect(await pods.ask('one', hostUrl)).toBe('the host')
  expect(await pods.ask('one', 'kubernetes.default.svc.cluster.local')).toBe(cluster.apiAddress)
})

it('a name that does not exist has no address', async () => {
  await expect(pods.ask('one', 'nobody.default.svc.cluster.local')).rejects.toThrow('no such host')
})

it('NodePorts answer on every node', async () => {
  const port = await pods.expose('one')
  for (const { address } of cluster.nodes) {
    await eventually(async () => expect(await (await fetch(`http://${address}:${port}`)).text()).toBe('one'))
  }
})

it('kubectl logs shows what a pod said', async () => {
  expect(await pods.kubectl('logs', 'one')).toBe('listening\n')
})

it('a pod that is cut off from an address hears nothing from there until it is healed', async () => {
  const api = `http://${cluster.apiAddress}:443`
  await cluster.cutPod(one.metadata.uid, [hostUrl.slice('http://'.length)])
  await expect(pods.ask('one', hostUrl)).rejects.toThrow(/Client.Timeout/)
  // Cut is this one port for this one pod.
  expect(await pods.ask('two', hostUrl)).toBe('the host')
  expect(await pods.ask('one', api)).toContain('HTTP request to an HTTPS server')
  await cluster.cutPod(one.metadata.uid, [cluster.apiAddress, two.status.podIP])
  await expect(pods.ask('one', api)).rejects.toThrow(/Client.Timeout/)
  // The other way round as well.
  await expect(pods.ask('two', pods.urlOf(one))).rejects.toThrow(/Client.Timeout/)
  await cluster.healPod(one.metadata.uid)
  expect(await pods.ask('one', hostUrl)).toBe('the host')
  expect(await pods.ask('two', pods.urlOf(one))).toBe('one')
})

it("a container's process can be killed from outside, and Kubernetes starts it again", async () => {
  const before = await cluster.containerProcesses(one.metadata.uid, CONTAINER)
  expect(before).toHaveLength(1)
  process.kill(before[0]!, 'SIGKILL')
  await pods.untilReady('one', 1)
  const after = await cluster.containerProcesses(one.metadata.uid, CONTAINER)
  expect(after).toHaveLength(1)
  expect(after).not.toEqual(before)
  expect(await cluster.containerProcesses(one.metadata.uid, 'another')).toEqual([])
})

it('without an API server pods go on', async () => {
  await cluster.stopApiServer()
  await expect(pods.kubectl('get', 'nodes')).rejects.toThrow('refused')
  expect(await cluster.containerProcesses(one.metadata.uid, CONTAINER)).toHaveLength(1)
  expect(await (await fetch(pods.urlOf(one))).text()).toBe('one')
  await cluster.startApiServer()
  expect(await pods.kubectl('get', 'nodes', '--output', 'name')).toBe('node/berth-node-1\nnode/berth-node-2\n')
})

it('a node that loses its power says nothing to anybody, and comes back with its disk', async () => {
  const { hostname, port } = new URL(pods.urlOf(two))
  const connection = connect(Number(port), hostname)
  await once(connection, 'connect')
  const heard: string[] = []
  for (const event of ['end', 'error', 'close']) connection.on(event, () => heard.push(event))
  const node = cluster.nodes[1]!.name
  await cluster.stopNode(node)
  // What its end would have sent is here by now: all of its processes are gone.
  await setImmediate()
  expect(heard).toEqual([])
  connection.destroy()
  expect(await cluster.containerProcesses(two.metadata.uid, CONTAINER)).toEqual([])
  expect((await cluster.parts()).find((part) => part.name === node)?.pid).toBeUndefined()

  await cluster.startNode(node)
  const { status } = await pods.untilReady('two', 1)
  expect(await (await fetch(pods.urlOf({ ...two, status }))).text()).toBe('two')
})

it('up on a cluster that runs starts what of it does not', async () => {
  const parts = await cluster.parts()
  for (const part of ['coredns', 'kube-scheduler', 'berth-node-1']) {
    process.kill(parts.find((each) => each.name === part)!.pid!, 'SIGKILL')
  }
  const again = await clusterUp({ name })
  expect(again.kubeconfig).toBe(cluster.kubeconfig)
  for (const { name: part, pid, ready } of await again.parts()) {
    expect([part, pid !== undefined, ready ?? true]).toEqual([part, true, true])
  }
  await pods.untilReady('one', 2)
  await eventually(async () => expect(await pods.ask('one', 'http://two.default.svc')).toBe('two'))
  expect((await findCluster({ name }))?.kubeconfig).toBe(cluster.kubeconfig)
})
