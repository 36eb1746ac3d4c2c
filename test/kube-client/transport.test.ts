import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { isConflict, isGone, isNotFound, isUnreachable, KubeError } from '@berth/core/kube/error.ts'
import { PodKind } from '@berth/core/model/kind.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeApi, failure, hangUp, json, silence } from './fake-api.ts'

let api: FakeApi
let client: KubeClient
beforeEach(async () => {
  api = await FakeApi.start()
  client = new KubeClient(api.config, { component: 'test', version: '1.2.3' })
})
afterEach(async () => {
  await client.close()
  await api.close()
})

const pod = { metadata: { name: 'p', namespace: 'default' } }
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

test('says who it is, and keeps a path in the server URL', async () => {
  const behindProxy = new KubeClient(
    { ...api.config, server: `${api.config.server}/k8s/clusters/c-1/` },
    { component: 'test' },
  )
  api.answerNext(json(200, pod))
  await behindProxy.get(PodKind, 'p')
  expect(api.requests[0]).toMatchObject({
    path: '/k8s/clusters/c-1/api/v1/namespaces/default/pods/p',
    headers: { 'user-agent': 'berth-test/dev', accept: 'application/json' },
  })
  await behindProxy.close()
})

test('repeats a read after a lost connection and after 429, waiting as long as it is told', async () => {
  api.answerNext(hangUp, failure(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }), json(200, pod))
  const startedAt = performance.now()
  expect(await client.get(PodKind, 'p')).toEqual(pod)
  expect(performance.now() - startedAt).toBeGreaterThan(990)
  expect(api.requests).toHaveLength(3)
})

test('never repeats a write, whose result is unknown', async () => {
  api.answerNext(hangUp, json(200, pod))
  const error = await caught(client.mergePatch(PodKind, 'p', {}))
  expect(isUnreachable(error)).toBe(true)
  expect(api.requests).toHaveLength(1)
})

test('an error carries what the server said', async () => {
  api.answerNext(failure(409, 'Conflict', 'the object has been modified'))
  const error = await caught(client.mergePatch(PodKind, 'p', {}))
  expect(isConflict(error)).toBe(true)
  expect(error).toMatchObject({
    status: 409,
    reason: 'Conflict',
    message: 'PATCH /api/v1/namespaces/default/pods/p: the object has been modified (409)',
  })
})

test('a missing object is undefined; a kind that is not served is an error', async () => {
  api.answerNext(failure(404, 'NotFound', 'pods "p" not found'), (_, response) => {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
  })
  expect(await client.get(PodKind, 'p')).toBeUndefined()
  const error = await caught(client.get(PodKind, 'p'))
  expect(isNotFound(error)).toBe(false)
  expect(error).toMatchObject({ message: 'GET /api/v1/namespaces/default/pods/p: 404 page not found (404)' })
})

test('an unreachable server is named', async () => {
  const nobody = new KubeClient({ ...api.config, server: 'http://127.0.0.1:1' })
  const error = await caught(nobody.create(PodKind, { ...pod, spec: { containers: [] } }))
  expect(isUnreachable(error)).toBe(true)
  expect((error as Error).message).toMatch(/Kubernetes API at http:\/\/127.0.0.1:1 is unreachable: .*ECONNREFUSED/)
  await nobody.close()
})

test('a server that does not answer is given up', async () => {
  api.answerNext(silence)
  const error = await caught(client.request('GET', '/version', { timeoutMs: 100 }))
  expect(isUnreachable(error)).toBe(true)
  expect((error as Error).message).toMatch(/did not answer within 0.1 s \(GET \/version\)/)
})

test('a caller that gives up gets its own reason', async () => {
  api.answerNext(silence)
  const stop = new AbortController()
  const error = caught(client.request('GET', '/version', { signal: stop.signal }))
  stop.abort(new Error('no longer needed'))
  expect(await error).toMatchObject({ message: 'no longer needed' })
})

test('a token that was renewed in its file is read again when the old one is refused', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-token-'))
  const tokenFile = path.join(folder, 'token')
  await writeFile(tokenFile, 'old\n')
  const pods = new KubeClient({ ...api.config, tokenFile })
  api.answerNext(json(200, pod), (request, response) => {
    // The token changes between two requests within a minute.
    void writeFile(tokenFile, 'new\n').then(() => failure(401, 'Unauthorized', 'Unauthorized')(request, response))
  })
  await pods.get(PodKind, 'p')
  await pods.list(PodKind)
  expect(api.requests.map((r) => r.headers.authorization)).toEqual(['Bearer old', 'Bearer old', 'Bearer new'])
  await pods.close()
  await rm(folder, { recursive: true })
})

test('an urgent request passes those that wait for the rate limit', async () => {
  const slow = new KubeClient(api.config, { qps: 0.001, burst: 1 })
  await slow.list(PodKind)
  const stop = new AbortController()
  const waiting = caught(slow.list(PodKind, { signal: stop.signal }))
  await slow.request('GET', '/version', { urgent: true })
  expect(api.requests.map((r) => r.path)).toEqual(['/api/v1/namespaces/default/pods', '/version'])
  stop.abort(new Error('enough'))
  expect(await waiting).toMatchObject({ message: 'enough' })
  await slow.close()
})

test('a list is read in pages; when its snapshot is gone half-way, in one piece', async () => {
  const page = (name: string, next?: string) =>
    json(200, { metadata: { resourceVersion: '7', continue: next }, items: [{ metadata: { name } }] })
  api.answerNext(page('a', 'more'), page('b'))
  const list = await client.list(PodKind)
  expect(list.resourceVersion).toBe('7')
  expect(list.items).toEqual([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
  ])
  expect(api.requests[1]?.query.get('continue')).toBe('more')

  api.answerNext(page('a', 'more'), failure(410, 'Expired', 'too old'), page('c'))
  expect((await client.list(PodKind)).items.map((p) => p.metadata.name)).toEqual(['c'])
  expect(api.requests.at(-1)?.query.has('limit')).toBe(false)
})

test('a watch that is refused says why', async () => {
  api.answerNext(failure(410, 'Expired', 'too old resource version'))
  const watch = client.watch(PodKind, {
    resourceVersion: '1',
    timeoutSeconds: 60,
    signal: new AbortController().signal,
  })
  const error = await caught(watch.next())
  expect(isGone(error)).toBe(true)
  expect(error).toBeInstanceOf(KubeError)
})
