/** Where the cluster, the database and the gateway are: named by the person, or those of this clone's `npm start`. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { isName } from '@berth/core/kube/path.ts'
import { SecretKind } from '@berth/core/model/kind.ts'
import { clone, dataFolder } from '@berth/local/clone.ts'
import { CliError } from './error.ts'
import type { LocalInstallation } from './local-installation.ts'

export type Environment = Record<string, string | undefined>

/** Tells the workers, and us, where the database is. */
const WORKER_SECRET = 'berth-worker'

/** The file of --kubeconfig, else of $KUBECONFIG, else of this clone's `npm start`; undefined: there is none of these. */
export function findKubeconfig(named: string | undefined, env: Environment): string | undefined {
  if (named ?? env.KUBECONFIG) return named ?? env.KUBECONFIG
  const file = path.join(dataFolder(clone, process.getuid?.() === 0, env.BERTH_DATA), 'kubeconfig')
  return existsSync(file) ? file : undefined
}

/** @param kubeconfig as findKubeconfig answers it; without one, where core/kube looks. Throws CliError. */
export async function openCluster(
  kubeconfig: string | undefined,
  namespace: string | undefined,
  env: Environment,
): Promise<KubeClient> {
  // What $KUBECONFIG holds may be a list, which core/kube takes apart.
  const options = kubeconfig === env.KUBECONFIG ? { env } : { kubeconfig, env }
  const config = await loadKubeConfig(options).catch((cause: Error) => {
    throw new CliError(`${cause.message}. Start Berth with npm start, or name a cluster with --kubeconfig.`, { cause })
  })
  const meant = namespace ?? config.namespace
  if (!isName(meant)) throw new CliError(`"${meant}" can't be the name of a namespace.`)
  return new KubeClient({ ...config, namespace: meant }, { component: 'cli', qps: 300, burst: 600 })
}

/** $DATABASE_URL, else the database that the workers of the installation use. Throws CliError. */
export async function findDatabase(cluster: () => Promise<KubeClient>, env: Environment): Promise<string> {
  if (env.DATABASE_URL) return env.DATABASE_URL
  const client = await cluster()
  const secret = await client.get(SecretKind, WORKER_SECRET)
  const encoded = secret?.data?.DATABASE_URL
  if (encoded) return Buffer.from(encoded, 'base64').toString('utf8')
  throw new CliError(
    `The namespace ${client.namespace} has no Secret ${WORKER_SECRET} that tells where the database is. ` +
      'Set DATABASE_URL, or name the namespace of the installation with -n.',
  )
}

/** The URL of --gateway, else of $BERTH_GATEWAY, else of local mode; undefined: nobody said it. Throws CliError. */
export function findGateway(
  named: string | undefined,
  env: Environment,
  local: LocalInstallation | undefined,
): string | undefined {
  const url = named ?? (env.BERTH_GATEWAY || local?.gatewayUrl)
  if (url === undefined || /^https?:\/\/[^/]/.test(url)) return url?.replace(/\/+$/, '')
  throw new CliError(`"${url}" is not the URL of a gateway: write it as http://127.0.0.1:8080.`)
}

/** How to say where the gateway is, for who has not. */
export const NAME_THE_GATEWAY =
  'name it with --gateway URL or $BERTH_GATEWAY (in a cluster the URL of its ingress, or of a kubectl port-forward)'
