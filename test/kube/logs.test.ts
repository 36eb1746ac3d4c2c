/** The log of a pod: only of an embedded server, whose kubelet's files these are. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kubernetes, startKubernetes } from '@berth/local/kubernetes/server.ts'
import { podLogFile } from '@berth/local/process/log-file.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cluster } from './cluster.ts'

const NAMESPACE = 'default'
const patience = { timeout: 60_000, interval: 20 }

let folder: string
let kubernetes: Kubernetes
let cluster: Cluster

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-logs-'))
  mkdirSync(join(folder, 'pods'))
  kubernetes = await startKubernetes({ dataDir: join(folder, 'data'), podLogs: join(folder, 'pods') })
  cluster = new Cluster(kubernetes.kubeconfigPath, true, () => kubernetes.close())
})
afterAll(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
})

const pods = `/api/v1/namespaces/${NAMESPACE}/pods`
const fileOf = (pod: string, container = 'worker') => podLogFile(join(folder, 'pods'), NAMESPACE, pod, container)
const makePod = (name: string, ...containers: string[]) =>
  cluster.post(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: containers.map((container) => ({ name: container, image: 'none' })) },
  })

/** As a client reads it: to the end, or until it aborts. */
async function read(query: string, took: (text: string) => void = () => {}): Promise<string> {
  let text = ''
  for await (const chunk of await cluster.stream(`${pods}/${query}`)) {
    text += String(chunk)
    took(text)
  }
  return text
}

test('what was written, or its last lines', async () => {
  await makePod('one', 'worker')
  expect((await cluster.get(`${pods}/one/log`)).body.message).toContain('is waiting to start')
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`)
  writeFileSync(fileOf('one'), lines.join(''))
  expect(await read('one/log')).toBe(lines.join(''))
  expect(await read('one/log?tailLines=2&container=worker')).toBe('line 19998\nline 19999\n')
  expect(await read('one/log?tailLines=15000')).toBe(lines.slice(5000).join(''))
  expect(await read('one/log?tailLines=0')).toBe('')
  expect(await read('one/log?tailLines=30000')).toBe(lines.join(''))
  appendFileSync(fileOf('one'), 'without an end')
  expect(await read('one/log?tailLines=1')).toBe('without an end')
})

test('is followed until the pod is gone', async () => {
  await makePod('two', 'worker')
  writeFileSync(fileOf('two'), 'first\n')
  let seen = ''
  const following = read('two/log?follow=true', (text) => {
    seen = text
  })
  await expect.poll(() => seen, patience).toBe('first\n')
  appendFileSync(fileOf('two'), 'second\n')
  await expect.poll(() => seen, patience).toBe('first\nsecond\n')
  writeFileSync(fileOf('two'), 'anew\n')
  await expect.poll(() => seen, patience).toBe('first\nsecond\nanew\n')
  await cluster.delete(`${pods}/two`, { gracePeriodSeconds: 0 })
  expect(await following).toBe('first\nsecond\nanew\n')
})

test('says what it has not', async () => {
  await makePod('three', 'worker', 'other')
  const message = async (query: string) => (await cluster.get(`${pods}/${query}`)).body.message
  expect(await message('three/log')).toContain('a container name must be specified')
  expect(await message('three/log?container=third')).toBe('container third is not valid for pod three')
  expect(await message('three/log?container=other&previous=true')).toContain('leave "previous" out')
  expect((await cluster.get(`${pods}/nobody/log`)).code).toBe(404)
  expect((await cluster.post(`${pods}/three/log`, {})).code).toBe(405)
})
