/** Where the cluster and the database are: named by the person, or those that `npm start` of this clone made. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { KubeClient } from '@berth/core/kube/client.ts'
import { loadKubeConfig } from '@berth/core/kube/config.ts'
import { isName } from '@berth/core/kube/path.ts'
import { SecretKind } from '@berth/core/model/kind.ts'
import { clone, dataFolder } from '@berth/local/clone.ts'
import { CliError } from './error.ts'

export interface ClusterOptions {
  kubeconfig?: string | undefined
  namespace?: string | undefined
}

type Environment = Record<string, string | undefined>

/** Tells the workers, and us, where the database is. */
const WORKER_SECRET = 'berth-worker'

/**
 * The cluster of --kubeconfig, else of $KUBECONFIG, else of this clone's `npm start`, else where core/kube looks.
 * Throws CliError.
 */
export async function openCluster(options: ClusterOptions, env: Environment): Promise<KubeClient> {
  const kubeconfig = options.kubeconfig ?? (env.KUBECONFIG ? undefined : localKubeconfig(env))
  const config = await loadKubeConfig({ kubeconfig, env }).catch((cause: Error) => {
    throw new CliError(`${cause.message}. Start Berth with npm start, or name a cluster with --kubeconfig.`, { cause })
  })
  const namespace = options.namespace ?? config.namespace
  if (!isName(namespace)) throw new CliError(`"${namespace}" can't be the name of a namespace.`)
  return new KubeClient({ ...config, namespace }, { component: 'cli' })
}

function localKubeconfig(env: Environment): string | undefined {
  const file = path.join(dataFolder(clone, process.getuid?.() === 0, env.BERTH_DATA), 'kubeconfig')
  return existsSync(file) ? file : undefined
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
