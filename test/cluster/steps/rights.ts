/** What each process may ask of the Kubernetes API, and what not: tried with the token of a pod that runs. */
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { KubeError } from '@berth/core/kube/error.ts'
import { collectionPath, objectPath } from '@berth/core/kube/path.ts'
import type { Pod } from '@berth/core/model/builtin.ts'
import { PodKind, SecretKind, SessionKind, WorkerKind } from '@berth/core/model/kind.ts'
import type { WhatsAppSession } from '@berth/core/model/session.ts'
import type { Fault } from '../../chaos/faults/fault.ts'
import { until } from '../../chaos/until.ts'
import type { ClusterBerth } from '../cluster-berth.ts'
import type { Kubectl } from '../kubectl.ts'
import { SECRET } from '../namespace.ts'
import { type InCluster, type Part, podsOf, TIMEOUT_MS } from '../place.ts'

interface Attempt {
  who: Part
  what: string
  may: boolean
  ask(client: KubeClient): Promise<unknown>
}

const FORBIDDEN = 403
/** Nothing is really changed. */
const DRY_RUN = { dryRun: 'All' }

/** Nobody is disturbed by it. Throws with all attempts that were answered otherwise than they should be. */
export const tryRights: Fault<ClusterBerth> = async (installation) => {
  const { worker, attempts } = await attemptsIn(installation)
  const pods: Record<Part, Pod> = {
    worker,
    operator: (await podsOf(installation, 'operator'))[0]!,
    gateway: (await podsOf(installation, 'gateway'))[0]!,
  }
  const clients = await Promise.all(
    Object.entries(pods).map(async ([part, pod]) => [part, await clientOf(installation.berth, pod)] as const),
  )
  return async () => {
    const at = Date.now()
    try {
      const byPart = new Map<string, KubeClient>(clients)
      const wrong: string[] = []
      for (const { who, what, may, ask } of attempts) {
        const did = await isAllowed(() => ask(byPart.get(who)!))
        if (did !== may) wrong.push(`${who}: ${what} is ${did ? 'allowed, and must not be' : 'refused, and is needed'}`)
      }
      if (wrong.length > 0) throw new Error(wrong.join('; '))
      const refused = attempts.filter(({ may }) => !may).length
      return { at, what: `${refused} attempts refused, ${attempts.length - refused} allowed` }
    } finally {
      await Promise.all(clients.map(([, client]) => client.close()))
    }
  }
}

async function isAllowed(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
    return true
  } catch (error) {
    if (error instanceof KubeError && error.status === FORBIDDEN) return false
    throw error
  }
}

/** With the rights of that pod's service account, in that pod. */
async function clientOf({ kubeconfig, kubectl }: ClusterBerth, pod: Pod): Promise<KubeClient> {
  const { server, ca, namespace, source } = await loadKubeConfig({ kubeconfig })
  const token = await tokenOf(kubectl, pod)
  return new KubeClient({ server, ...(ca !== undefined && { ca }), namespace, source, token }, { component: 'rights' })
}

async function tokenOf(kubectl: Kubectl, { metadata, spec }: Pod): Promise<string> {
  const bound = ['Pod', metadata.name!, metadata.uid!]
  const [kind, name, uid] = bound.map((value, i) => `--bound-object-${['kind', 'name', 'uid'][i]}=${value}`)
  return (await kubectl.run(['create', 'token', spec.serviceAccountName!, kind!, name!, uid!])).trim()
}

/** A worker, one session of its own and one of another's: what each part may do with them and around. */
async function attemptsIn(installation: InCluster): Promise<{ worker: Pod; attempts: Attempt[] }> {
  const { kube } = installation
  const [one, other] = await until('two workers with sessions', TIMEOUT_MS, async () => {
    const workers = await installation.workers()
    return workers.length >= 2 && workers
  })
  const sessions = await installation.sessions()
  const own = sessions.get(one!.accounts[0]!)!
  const foreign = sessions.get(other!.accounts[0]!)!
  const worker = (await kube.get(PodKind, one!.name))!
  const { namespace } = kube
  const deletePod = (name: string) => (client: KubeClient) =>
    client.request('DELETE', objectPath(PodKind, namespace, name), { query: DRY_RUN })
  const read = (path: string) => (client: KubeClient) => client.request('GET', path)
  const connect =
    ({ metadata, status }: WhatsAppSession) =>
    (client: KubeClient) =>
      client.apply(
        SessionKind,
        { metadata: { name: metadata.name!, namespace }, status: { connection: status!.connection! } },
        { manager: 'berth-worker', subresource: 'status', force: true, dryRun: true },
      )
  const place =
    ({ metadata, status }: WhatsAppSession) =>
    (client: KubeClient) => {
      const placement = { ...status!.placement!, generation: status!.placement!.generation + 1 }
      const patch = { status: { placement } }
      return client.mergePatch(SessionKind, metadata.name!, patch, { subresource: 'status', dryRun: true })
    }
  const stop =
    ({ metadata }: WhatsAppSession) =>
    (client: KubeClient) =>
      client.mergePatch(SessionKind, metadata.name!, { spec: { desiredState: 'Stopped' } }, { dryRun: true })
  const drain = (client: KubeClient) =>
    client.mergePatch(WorkerKind, other!.name, { spec: { desiredState: 'Drained' } }, { dryRun: true })
  const secrets = read(collectionPath(SecretKind, namespace))
  const secret = read(objectPath(SecretKind, namespace, SECRET))
  const everyPod = read(collectionPath(PodKind, '*'))
  const attempts: Attempt[] = [
    ...(['worker', 'gateway', 'operator'] as const).flatMap((who) => [
      { who, what: 'listing Secrets', may: false, ask: secrets },
      { who, what: "reading the installation's Secret", may: false, ask: secret },
      { who, what: 'listing the pods of all namespaces', may: false, ask: everyPod },
    ]),
    { who: 'worker', what: 'reading sessions', may: true, ask: read(collectionPath(SessionKind, namespace)) },
    { who: 'worker', what: 'reporting its own session', may: true, ask: connect(own) },
    { who: 'worker', what: "reporting another worker's session", may: false, ask: connect(foreign) },
    { who: 'worker', what: 'placing its own session', may: false, ask: place(own) },
    { who: 'worker', what: "placing another worker's session", may: false, ask: place(foreign) },
    { who: 'worker', what: 'stopping a session', may: false, ask: stop(own) },
    { who: 'worker', what: 'draining another worker', may: false, ask: drain },
    { who: 'worker', what: "deleting another worker's pod", may: false, ask: deletePod(other!.name) },
    { who: 'gateway', what: 'stopping a session', may: true, ask: stop(own) },
    { who: 'gateway', what: 'reporting a session', may: false, ask: connect(own) },
    { who: 'gateway', what: 'placing a session', may: false, ask: place(own) },
    { who: 'gateway', what: 'deleting a pod', may: false, ask: deletePod(other!.name) },
    { who: 'operator', what: 'placing a session', may: true, ask: place(own) },
    { who: 'operator', what: 'deleting a pod', may: true, ask: deletePod(other!.name) },
  ]
  return { worker, attempts }
}
