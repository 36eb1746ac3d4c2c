/** `delete`: asks for objects to go, and tells whether they have gone. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import { isGone } from '@berth/core/kube/error.ts'
import type { Kind, KubeObject } from '@berth/core/model/kind.ts'
import { type Call, defineCommand, type Options } from '../command.ts'
import { CliError, UsageError } from '../error.ts'
import { KindsOfCluster } from '../kinds-of-cluster.ts'
import { readManifests } from '../manifest.ts'
import { nameOf } from '../object.ts'
import { targetsOf } from '../target.ts'
import { asJson } from '../terminal.ts'

const options = {
  file: { type: 'string', short: 'f', multiple: true, value: 'FILE', about: 'delete what a file, a folder or - names' },
  selector: { type: 'string', short: 'l', value: 'LABELS', about: 'all of the kind with these labels' },
  wait: { type: 'boolean', about: 'until they are gone' },
  timeout: { type: 'string', value: 'SECONDS', about: 'how long --wait waits for each (120)' },
  force: { type: 'boolean', about: 'a pod: kill it, without time to stop' },
} as const satisfies Options

/** A deletion that needs a logout and a release may take a minute and a half. */
const DEFAULT_TIMEOUT_S = 120

export const remove = defineCommand({
  name: 'delete',
  arguments: 'KIND NAME… | KIND -l LABELS | -f FILE',
  summary: 'delete objects',
  details: `Deleting a session logs the account out and erases its data, unless its spec.onDelete (or its tenant's) says
otherwise. A tenant goes once its sessions are deleted, a tier once it has no tenants, a worker once it is drained;
until then they stay, marked as being deleted.`,
  examples: [
    ['delete wa support', 'one session'],
    ['delete -f examples/quickstart.yaml --wait', 'what a file names, until it is gone'],
    ['delete pod -l app.kubernetes.io/name=berth-worker --force', 'kill all workers, to see sessions move'],
  ],
  options,
  async run(call) {
    const { values, terminal, cluster, report } = call
    const timeoutMs = timeoutOf(values.timeout)
    const client = await cluster()
    const done: object[] = []
    for (const { kind, object } of await objectsToDelete(call, client)) {
      try {
        const isGoneNow = await deleteOne(client, kind, object, values.force ?? false, values.wait ? timeoutMs : 0)
        const outcome = isGoneNow ? 'deleted' : 'is being deleted'
        done.push({ kind: kind.kind, name: object.metadata.name, deleted: isGoneNow })
        if (!values.json) terminal.print(`${nameOf({ ...object, kind: kind.kind })} ${outcome}`)
        if (!isGoneNow && values.wait)
          report(new CliError(`It is not gone after ${timeoutMs / 1000} s. Ask describe why; it will go by itself.`))
      } catch (error) {
        report(error)
      }
    }
    if (values.json) terminal.print(asJson(done))
  },
})

interface Doomed {
  kind: Kind
  object: KubeObject
}

async function objectsToDelete(call: Call<typeof options>, client: KubeClient): Promise<Doomed[]> {
  const { values, args } = call
  if (values.file) {
    if (args.length > 0) throw new UsageError('Either -f or a kind and names, not both.', 'delete')
    const manifests = await readManifests(values.file, call.folder, call.terminal.readInput)
    const kinds = new KindsOfCluster(client)
    // What is built upon goes last.
    return Promise.all(manifests.reverse().map(async (object) => ({ kind: await kinds.of(object), object })))
  }
  const found = targetsOf(args, 'delete').map(async ({ kind, names }) => {
    if (names.length > 0) return names.map((name) => ({ kind: kind.kind, object: { metadata: { name } } }))
    if (!values.selector) throw new UsageError('Which one? A name, or labels with -l.', 'delete')
    const { items } = await client.list(kind.kind, { labelSelector: values.selector })
    return items.map((object) => ({ kind: kind.kind, object }))
  })
  return (await Promise.all(found)).flat()
}

/** Whether it is gone at the end of the time given. */
async function deleteOne(
  client: KubeClient,
  kind: Kind,
  { metadata: { name, namespace } }: KubeObject,
  force: boolean,
  timeoutMs: number,
): Promise<boolean> {
  const before = await client.get(kind, name, namespace)
  if (!before) throw new CliError(`${nameOf({ kind: kind.kind, metadata: { name } })} is not there.`)
  const uid = before.metadata.uid
  await client.delete(kind, name, { namespace, uid, ...(force ? { gracePeriodSeconds: 0 } : {}) })
  const isThere = (object: KubeObject | undefined) => object !== undefined && object.metadata.uid === uid
  if (timeoutMs === 0) return !isThere(await client.get(kind, name, namespace))
  return untilGone(client, kind, name, namespace, isThere, AbortSignal.timeout(timeoutMs))
}

async function untilGone(
  client: KubeClient,
  kind: Kind,
  name: string,
  namespace: string | undefined,
  isThere: (object: KubeObject | undefined) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const selection = { namespace, fieldSelector: `metadata.name=${name}`, signal }
  while (!signal.aborted) {
    try {
      const { items, resourceVersion } = await client.list(kind, selection)
      if (!isThere(items[0])) return true
      for await (const { type } of client.watch(kind, { ...selection, resourceVersion, timeoutSeconds: 300 })) {
        if (type === 'DELETED') return true
      }
    } catch (error) {
      if (!signal.aborted && !isGone(error)) throw error
    }
  }
  return false
}

function timeoutOf(text: string | undefined): number {
  const seconds = text === undefined ? DEFAULT_TIMEOUT_S : Number(text)
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000
  throw new UsageError(`--timeout is a number of seconds, not ${text}.`, 'delete')
}
