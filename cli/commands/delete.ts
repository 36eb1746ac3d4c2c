/** `delete`: asks for objects to go, and tells whether they have gone. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { type Call, defineCommand, type Options } from '../command.ts'
import { Deletion } from '../deletion.ts'
import { CliError, UsageError } from '../error.ts'
import { KindsOfCluster } from '../kinds-of-cluster.ts'
import { readManifests } from '../manifest.ts'
import { nameOf } from '../object.ts'
import { secondsOf, targetsOf } from '../target.ts'
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
    const timeoutMs = secondsOf(values.timeout, DEFAULT_TIMEOUT_S, 'delete') * 1000
    const client = await cluster()
    const done: object[] = []
    for (const { kind, object } of await objectsToDelete(call, client)) {
      const name = nameOf({ kind: kind.kind, metadata: object.metadata })
      try {
        const deletion = await Deletion.ask(client, kind, object, values.force ?? false)
        let isDeleted = await deletion.isDone()
        if (!isDeleted && values.wait) {
          terminal.note(`${name} is being deleted; waiting`)
          isDeleted = await deletion.untilDone(AbortSignal.timeout(timeoutMs))
          if (!isDeleted) report(new CliError(`${name} is still there after ${timeoutMs / 1000} s; it goes by itself.`))
        }
        done.push({ kind: kind.kind, name: object.metadata.name, deleted: isDeleted })
        if (!values.json) terminal.print(`${name} ${isDeleted ? 'deleted' : 'is being deleted'}`)
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
