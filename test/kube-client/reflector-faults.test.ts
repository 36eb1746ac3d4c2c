import { KubeClient } from '@berth/core/kube/client.ts'
import { Reflector, type ReflectorOptions } from '@berth/core/kube/reflector.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { PodKind } from '@berth/core/model/kind.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeApi, type FakeWatch, failure, hangUp } from './fake-api.ts'

let api: FakeApi
let client: KubeClient
let reflector: Reflector<Pod>
/** What was reported: `event name uid`. */
let changes: string[]
let waiting: { line: string; resolve: () => void }[]

beforeEach(async () => {
  api = await FakeApi.start()
  client = new KubeClient(api.config)
  changes = []
  waiting = []
})
afterEach(async () => {
  await reflector.stop()
  await client.close()
  await api.close()
  vi.restoreAllMocks()
})

function start(options: ReflectorOptions<Pod> = {}): void {
  reflector = new Reflector(client, PodKind, {
    backoff: { baseMs: 5, maxMs: 20 },
    onChange: (event, object) => {
      const line = `${event} ${object.metadata.name} ${object.metadata.uid}`
      changes.push(line)
      for (const waiter of waiting.filter((w) => w.line === line)) waiter.resolve()
    },
    ...options,
  })
  reflector.start()
}

/** Waits until this was reported, if it was not yet. */
const reported = (line: string): Promise<void> =>
  changes.includes(line) ? Promise.resolve() : new Promise((resolve) => waiting.push({ line, resolve }))

const pod = (name: string, version: number, uid = `${name}-1`): Pod => ({
  metadata: { name, namespace: 'default', uid, resourceVersion: String(version) },
  spec: { containers: [] },
})
/** Has the server end a watch when it has lasted so many times as long as was asked for. */
function endAfter(watch: FakeWatch, times: number): void {
  const now = performance.now.bind(performance)
  const ms = times * Number(watch.query.get('timeoutSeconds')) * 1000
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
  watch.end()
}

const bookmark = (version: number) => ({ kind: 'Pod', metadata: { resourceVersion: String(version) } })

test('lists, watches from there, and goes on from the last word when the server has ended the watch in time', async () => {
  api.items = [pod('a', 3)]
  api.version = '5'
  start()
  await reflector.synced
  expect(changes).toEqual(['added a a-1'])
  const first = await api.nextWatch()
  expect(first.query.get('resourceVersion')).toBe('5')
  expect(first.query.get('allowWatchBookmarks')).toBe('true')
  first.send('ADDED', pod('b', 8))
  first.send('BOOKMARK', bookmark(12))
  await reported('added b b-1')
  endAfter(first, 1)
  const second = await api.nextWatch()
  expect(second.query.get('resourceVersion')).toBe('12')
  second.send('DELETED', pod('a', 15))
  await reported('deleted a a-1')
  expect(reflector.list().map((p) => p.metadata.name)).toEqual(['b'])
  expect(api.lists).toBe(1)
})

/** All else may be the end of a server that is restored from a backup, and has caught up before we hear of it again. */
test.each<[string, (watch: FakeWatch) => void]>([
  [
    'was cut in the middle of an event',
    (watch) => {
      watch.sendRaw('{"type":"MODIFIED","obj')
      watch.cut()
    },
  ],
  ['was ended too early', (watch) => endAfter(watch, 0.5)],
  ['was ended while we stood still', (watch) => endAfter(watch, 1.5)],
])('a watch that %s: lists again, and believes what is older than what it knew', async (_, end) => {
  api.items = [pod('changed', 8), pod('written', 9), pod('same', 2)]
  api.version = '9'
  start()
  const watch = await api.nextWatch()
  watch.send('DELETED', pod('deleted', 10))
  watch.send('ADDED', pod('new', 11))
  await reported('added new new-1')
  api.items = [pod('changed', 3), { ...pod('written', 9), status: {} }, pod('same', 2), pod('deleted', 4)]
  api.version = '20'
  changes.length = 0
  end(watch)
  expect((await api.nextWatch()).query.get('resourceVersion')).toBe('20')
  expect(changes).toEqual([
    'modified changed changed-1',
    'modified written written-1',
    'added deleted deleted-1',
    'deleted new new-1',
  ])
  expect(reflector.get('changed')?.metadata.resourceVersion).toBe('3')
})

test.each([
  ['an HTTP error', 'http'],
  ['an ERROR event', 'event'],
])('410 as %s: lists again and reports what was missed', async (_, how) => {
  api.items = [pod('kept', 1), pod('dropped', 2), pod('replaced', 3, 'old')]
  api.version = '3'
  start()
  const watch = await api.nextWatch()
  api.items = [pod('kept', 1), pod('replaced', 20, 'new'), pod('fresh', 21)]
  api.version = '30'
  changes.length = 0
  if (how === 'http') {
    api.answerNext(failure(410, 'Expired', 'too old resource version'))
    endAfter(watch, 1)
  } else {
    watch.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' })
  }
  expect((await api.nextWatch()).query.get('resourceVersion')).toBe('30')
  expect(changes.sort()).toEqual([
    'added fresh fresh-1',
    'added replaced new',
    'deleted dropped dropped-1',
    'deleted replaced old',
  ])
  expect(api.lists).toBe(2)
})

test('a line that makes no sense: lists again', async () => {
  start()
  const watch = await api.nextWatch()
  api.items = [pod('a', 9)]
  api.version = '9'
  watch.sendRaw('<html>502 Bad Gateway</html>\n')
  await reported('added a a-1')
  expect(api.lists).toBe(2)
})

test('versions that go back are a restored backup: lists again and believes it', async () => {
  api.items = [pod('a', 100), pod('b', 90)]
  api.version = '100'
  start()
  const watch = await api.nextWatch()
  api.items = [pod('a', 40)]
  api.version = '50'
  watch.send('BOOKMARK', bookmark(50))
  await reported('deleted b b-1')
  expect(reflector.get('a')?.metadata.resourceVersion).toBe('40')
})

test('a backup that was restored unseen: asks before it goes on', async () => {
  api.items = [pod('a', 100), pod('b', 90)]
  api.version = '100'
  start()
  const watch = await api.nextWatch()
  api.items = [pod('a', 40)]
  api.version = '50'
  endAfter(watch, 1)
  await reported('deleted b b-1')
  expect((await api.nextWatch()).query.get('resourceVersion')).toBe('50')
})

test('survives errors of every kind before its first list', async () => {
  api.items = [pod('a', 3)]
  api.answerNext(
    failure(403, 'Forbidden', 'not yet'),
    failure(500, 'InternalError', 'etcd'),
    // A read is repeated by the client itself; more often than it does.
    ...[hangUp, hangUp, hangUp, hangUp],
    failure(401, 'Unauthorized', 'who?'),
  )
  start()
  expect(reflector.isSynced).toBe(false)
  await reflector.synced
  expect(changes).toEqual(['added a a-1'])
})

test('a silent watch is cut, and all is listed again', async () => {
  start({ staleAfterMs: 150 })
  const first = await api.nextWatch()
  api.version = '5'
  await first.closed
  expect((await api.nextWatch()).query.get('resourceVersion')).toBe('5')
  expect(api.lists).toBe(2)
})

test('watches that end at once are reopened more and more slowly', async () => {
  const failures: number[] = []
  const enough = Promise.withResolvers<void>()
  start({
    log: {
      debug() {},
      info() {},
      warn(fields) {
        failures.push((fields as { failures: number }).failures)
        if (failures.length === 4) enough.resolve()
      },
    },
  })
  for (let i = 0; i < 4; i++) (await api.nextWatch()).end()
  await enough.promise
  expect(failures).toEqual([1, 2, 3, 4])
})

test('a handler that throws stops nothing', async () => {
  api.items = [pod('a', 1), pod('b', 2)]
  const seen: string[] = []
  const last = Promise.withResolvers<void>()
  start({
    onChange: (_, object) => {
      seen.push(object.metadata.name)
      if (object.metadata.name === 'c') last.resolve()
      throw new Error('clumsy')
    },
  })
  const watch = await api.nextWatch()
  watch.send('ADDED', pod('c', 7))
  await last.promise
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('the answer to an own write is seen at once, and older news does not undo it', async () => {
  api.items = [pod('a', 1)]
  start()
  const watch = await api.nextWatch()
  reflector.observe(pod('a', 10))
  expect(reflector.get('a')?.metadata.resourceVersion).toBe('10')
  watch.send('MODIFIED', pod('a', 5))
  watch.send('MODIFIED', pod('a', 10))
  watch.send('ADDED', pod('b', 11))
  await reported('added b b-1')
  expect(reflector.get('a')?.metadata.resourceVersion).toBe('10')
  expect(changes).toEqual(['added a a-1', 'modified a a-1', 'added b b-1'])
})

test('an own write that takes an object out of the selection takes it out of the copy', async () => {
  const onNode = (version: number, nodeName: string): Pod => ({
    ...pod('a', version),
    spec: { containers: [], nodeName },
  })
  api.items = [onNode(1, 'n1')]
  start({ fieldSelector: 'spec.nodeName=n1' })
  const watch = await api.nextWatch()
  expect(watch.query.get('fieldSelector')).toBe('spec.nodeName=n1')
  reflector.observe(onNode(10, 'n2'))
  expect(reflector.list()).toEqual([])
  // It comes back: what the watch says of before is too old to matter.
  reflector.observe(onNode(12, 'n1'))
  watch.send('DELETED', onNode(10, 'n2'))
  watch.send('ADDED', onNode(12, 'n1'))
  watch.send('MODIFIED', onNode(13, 'n1'))
  watch.send('ADDED', pod('end', 14))
  await reported('added end end-1')
  expect(changes).toEqual(['added a a-1', 'deleted a a-1', 'added a a-1', 'modified a a-1', 'added end end-1'])
})

test('managedFields are left out', async () => {
  const item = pod('a', 1)
  item.metadata.managedFields = [{ manager: 'kubectl' }]
  api.items = [item]
  start()
  await reflector.synced
  expect(reflector.get('a')?.metadata).not.toHaveProperty('managedFields')
})

test('stop ends the watch; a reflector runs once', async () => {
  start()
  const watch = await api.nextWatch()
  await reflector.stop()
  await watch.closed
  expect(() => reflector.start()).toThrow('only once')
})

test('stopped before its first list: those who wait for it are told', async () => {
  api.answerNext(() => {})
  start()
  const synced = expect(reflector.synced).rejects.toThrow('stopped before its first list')
  await reflector.stop()
  await synced
})
