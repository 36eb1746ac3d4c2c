/** `apply`: makes objects what manifests say, by server-side apply. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import { defineCommand } from '../command.ts'
import { CliError, UsageError } from '../error.ts'
import { KindsOfCluster } from '../kinds-of-cluster.ts'
import { MANAGER } from '../manager.ts'
import { type Manifest, readManifests } from '../manifest.ts'
import { nameOf } from '../object.ts'
import { asJson } from '../terminal.ts'

type Outcome = 'created' | 'configured' | 'unchanged'

export const apply = defineCommand({
  name: 'apply',
  arguments: '-f FILE',
  summary: 'make objects what files say',
  details: `Creates what is missing and changes what differs. A field that was applied from here before and is left out now
is removed; what others set is left alone. Nothing is sent when a file can't be read.`,
  examples: [
    ['apply -f examples/quickstart.yaml', 'a customer and a session'],
    ['apply -f customers/', 'every .yaml, .yml and .json of a folder'],
    ['apply -f -', 'what comes on the standard input'],
  ],
  options: {
    file: { type: 'string', short: 'f', multiple: true, value: 'FILE', about: 'a file, a folder, or - (repeatable)' },
    force: { type: 'boolean', about: 'take fields over that something else manages' },
  },
  async run({ values, args, terminal, folder, cluster, report }) {
    if (args.length > 0) throw new UsageError(`What is "${args[0]}"? Files are named with -f.`, 'apply')
    if (!values.file) throw new UsageError('Which file? Name it with -f.', 'apply')
    const manifests = await readManifests(values.file, folder, terminal.readInput)
    const client = await cluster()
    const kinds = new KindsOfCluster(client)
    const done: object[] = []
    for (const manifest of manifests) {
      try {
        const kind = await kinds.of(manifest)
        const outcome = await applyOne(client, kind, inNamespace(manifest, values.namespace), values.force ?? false)
        done.push({ kind: manifest.kind, name: manifest.metadata.name, outcome })
        if (!values.json) terminal.print(`${nameOf(manifest)} ${outcome}`)
      } catch (error) {
        report(error)
      }
    }
    if (values.json) terminal.print(asJson(done))
  },
})

/** A manifest that names another namespace than -n is a mistake: which of the two was meant? */
function inNamespace(manifest: Manifest, namespace: string | undefined): Manifest {
  const own = manifest.metadata.namespace
  if (!namespace || !own || own === namespace) return manifest
  throw new CliError(`${nameOf(manifest)} is in the namespace ${own}, but -n says ${namespace}.`)
}

async function applyOne(client: KubeClient, kind: Kind, manifest: Manifest, force: boolean): Promise<Outcome> {
  const before = await client.get(kind, manifest.metadata.name, manifest.metadata.namespace)
  const after = await client.apply(kind, manifest, { manager: MANAGER, force })
  if (!before) return 'created'
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'configured'
}
