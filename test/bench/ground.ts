/** What every bench stands on: Postgres as in production, and a Kubernetes API with a namespace of its own. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDatabase, prepareDatabase } from '@berth/local/database.ts'
import { type Postgres, startPostgres } from '@berth/local/postgres/postgres.ts'
import { removeWithUs } from '@berth/local/postgres/testing.ts'
import { parse, stringify } from 'yaml'
import { startTestCluster, type TestCluster } from '../kube-client/cluster.ts'
import { scratchFolder } from '../scratch.ts'

export interface Ground {
  /** A folder that goes with it. */
  dataDir: string
  databaseUrl: string
  postgres: Postgres
  cluster: TestCluster
  /** Path; with the namespace. */
  kubeconfig: string
  close(): Promise<void>
}

/** `real`: path of an administrator's kubeconfig; without it the Kubernetes API is the embedded one. */
export async function startGround(real?: string, settings: Record<string, string> = {}): Promise<Ground> {
  const dataDir = await scratchFolder('bench')
  const postgres = await startPostgres({ dataDir: join(dataDir, 'postgres'), settings })
  const letGo = removeWithUs(postgres.pid, dataDir)
  const databaseUrl = await ensureDatabase(postgres.url)
  await prepareDatabase(databaseUrl)
  const cluster = await startTestCluster(real)
  const kubeconfig = join(dataDir, 'kubeconfig')
  await writeFile(kubeconfig, inNamespace(await readFile(cluster.kubeconfig, 'utf8'), cluster.config.namespace))
  return {
    dataDir,
    databaseUrl,
    postgres,
    cluster,
    kubeconfig,
    async close() {
      await cluster.close()
      await postgres.stop()
      letGo()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The same access, to one namespace. */
function inNamespace(kubeconfig: string, namespace: string): string {
  const config = parse(kubeconfig) as { contexts: { context: { namespace?: string } }[] }
  for (const { context } of config.contexts) context.namespace = namespace
  return stringify(config)
}
