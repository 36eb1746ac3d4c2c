/** A namespace that holds one installation: made before it, and taken away with all that is in it. */
import { randomBytes } from 'node:crypto'
import type { Kubectl } from './kubectl.ts'

export const SECRET = 'berth-worker'
/** Those of our kinds that have finalizers. */
const KINDS = ['whatsappsessions', 'tenants', 'tiers', 'workers']
const GONE_TIMEOUT = '120s'

/** With the strictest pod security there is: what does not keep to it is refused. */
export const makeNamespace = (kubectl: Kubectl): Promise<void> =>
  kubectl.apply([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: kubectl.namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
  ])

/** What the chart's secrets.existingSecret names. */
export const makeSecret = (kubectl: Kubectl, databaseUrl: string): Promise<void> =>
  kubectl.apply([
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET },
      stringData: {
        DATABASE_URL: databaseUrl,
        BERTH_INTERNAL_TOKEN: randomBytes(24).toString('base64url'),
        BERTH_ENCRYPTION_KEYS: `1:${randomBytes(32).toString('base64')}`,
      },
    },
  ])

/** Nobody is there any more to do what finalizers wait for. */
export async function removeNamespace(kubectl: Kubectl): Promise<void> {
  for (const kind of KINDS) {
    // A cluster that never had the chart does not know the kind.
    const names = await kubectl.run(['get', `${kind}.berth.dev`, '--output=name']).catch(() => '')
    for (const name of names.split('\n').filter(Boolean)) {
      await kubectl.run(['patch', name, '--type=merge', '--patch={"metadata":{"finalizers":null}}'])
    }
  }
  const { namespace } = kubectl
  await kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', `--timeout=${GONE_TIMEOUT}`])
}
