/** What a command works on: the cluster, the database and the gateway, each looked for when it is first asked for. */

import { Berth } from '@berth/client'
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { type About, apiError } from './api-error.ts'
import type { ApiKeys } from './api-keys.ts'
import {
  type Environment,
  findDatabase,
  findGateway,
  findKubeconfig,
  NAME_THE_GATEWAY,
  openCluster,
} from './connection.ts'
import { CliError } from './error.ts'
import { type LocalInstallation, localInstallationOf } from './local-installation.ts'

export interface Installation {
  /** The cluster, in the namespace that is meant. Throws CliError. */
  cluster(): Promise<KubeClient>
  /** Of the installation's database. Throws CliError. */
  databaseUrl(): Promise<string>
  /** Asks the installation's database, as the operator's role. Throws CliError. */
  withDatabase<T>(work: (pool: Pool) => Promise<T>): Promise<T>
  /** Works with the API keys of the installation. Throws CliError. */
  withKeys<T>(work: (keys: ApiKeys) => Promise<T>): Promise<T>
  /** Undefined: nobody said where it is. Throws CliError. */
  gatewayUrl(): string | undefined
  /**
   * Calls the API as a tenant: with the key of --key or $BERTH_API_KEY or of local mode, else with one made for this
   * call and revoked after it. Throws CliError.
   */
  withApi<T>(about: About, work: (api: Berth) => Promise<T>): Promise<T>
  /** The local mode that the cluster belongs to, if it does. */
  readonly local: LocalInstallation | undefined
  close(): Promise<void>
}

/** What the command line may say about where things are. */
export interface Whereabouts {
  kubeconfig?: string
  namespace?: string
  gateway?: string
  key?: string
}

const TEMPORARY_KEY = 'command line (temporary)'
/** A person waits for it. */
const RETRIES = 2

export function openInstallation({ kubeconfig, namespace, gateway, key }: Whereabouts, env: Environment): Installation {
  const file = findKubeconfig(kubeconfig, env)
  const local = localInstallationOf(file)
  let opened: Promise<KubeClient> | undefined
  const cluster = () => {
    opened ??= openCluster(file, namespace, env)
    return opened
  }

  const databaseUrl = () => findDatabase(cluster, env)

  const withDatabase: Installation['withDatabase'] = async (work) => {
    const database = await import('./database.ts')
    return database.withDatabase(await databaseUrl(), work)
  }

  const withKeys: Installation['withKeys'] = async (work) => {
    const { ApiKeys } = await import('./api-keys.ts')
    return withDatabase((pool) => work(new ApiKeys(pool)))
  }

  const gatewayUrl = () => findGateway(gateway, env, local)

  const withApi: Installation['withApi'] = async (about, work) => {
    const url = gatewayUrl()
    if (!url) throw new CliError(`Where is the gateway? Please ${NAME_THE_GATEWAY}.`)
    const call = async (apiKey: string) => {
      try {
        return await work(new Berth({ url, apiKey, retries: RETRIES }))
      } catch (error) {
        throw apiError(error, url, about)
      }
    }
    const { tenant } = about
    const given = key ?? (env.BERTH_API_KEY || local?.apiKeys[tenant])
    if (given) return call(given)
    const made = await withKeys((keys) => keys.create(tenant, TEMPORARY_KEY))
    try {
      return await call(made.key)
    } finally {
      await withKeys((keys) => keys.revoke(made.id))
    }
  }

  return {
    cluster,
    databaseUrl,
    withDatabase,
    withKeys,
    gatewayUrl,
    withApi,
    local,
    // What could not be opened has been reported.
    close: async () => opened?.then((client) => client.close()).catch(() => {}),
  }
}
