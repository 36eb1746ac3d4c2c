/** Reads kubeconfig files: the plain ways to authenticate by ourselves, the others through the official client. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { KubeConfig } from './config.ts'

const named = <T extends z.ZodType>(key: string, schema: T) =>
  z.array(z.looseObject({ name: z.string(), [key]: schema })).nullish()

const Cluster = z.looseObject({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
})

const User = z.looseObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  as: z.string().optional(),
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
})

const Context = z.looseObject({ cluster: z.string(), user: z.string().optional(), namespace: z.string().optional() })

type Cluster = z.infer<typeof Cluster>
type User = z.infer<typeof User>
type Context = z.infer<typeof Context>

const KubeConfigFile = z.looseObject({
  'current-context': z.string().nullish(),
  clusters: named('cluster', Cluster),
  users: named('user', User),
  contexts: named('context', Context),
})

interface Entry<T> {
  value: T
  /** The file that says so; relative paths in the entry start at its folder. */
  file: string
}

interface Merged {
  currentContext?: string
  clusters: Map<string, Entry<Cluster>>
  users: Map<string, Entry<User>>
  contexts: Map<string, Entry<Context>>
}

/**
 * Reads one or several kubeconfigs, merged as kubectl does: the first that names something wins, and of several files
 * those that don't exist are passed over.
 */
export async function readKubeConfigFiles(files: string[], contextName?: string): Promise<KubeConfig> {
  const merged = await readAndMerge(files)
  const source = files.join(path.delimiter)
  const name = contextName ?? merged.currentContext
  if (!name) throw new Error(`${source} has no current-context`)
  const context = find(merged.contexts, name, 'context', source).value
  const cluster = find(merged.clusters, context.cluster, 'cluster', source)
  const nobody: Entry<User> = { value: {}, file: cluster.file }
  const user = context.user ? find(merged.users, context.user, 'user', source) : nobody

  const unsupported = cluster.value['proxy-url'] ? 'proxy-url' : user.value.as ? 'as (impersonation)' : undefined
  if (unsupported) throw new Error(`${source}: context "${name}" uses ${unsupported}, which Berth does not support`)

  const config: KubeConfig = {
    server: cluster.value.server,
    namespace: context.namespace || 'default',
    source: `${source} (context "${name}")`,
    ca: await inlineOrFile(cluster, 'certificate-authority'),
    tlsServerName: cluster.value['tls-server-name'],
    insecureSkipTlsVerify: cluster.value['insecure-skip-tls-verify'],
    clientCertificate: await inlineOrFile(user, 'client-certificate'),
    clientKey: await inlineOrFile(user, 'client-key'),
    token: user.value.token,
    tokenFile: user.value.tokenFile && path.resolve(path.dirname(user.file), user.value.tokenFile),
  }
  if (user.value.username) {
    config.authorize = async () =>
      `Basic ${Buffer.from(`${user.value.username}:${user.value.password}`).toString('base64')}`
  }
  if (!user.value.exec && !user.value['auth-provider']) return config
  return { ...config, ...(await authenticateThroughOfficialClient(files, name)) }
}

/** Exec plugins and auth providers. Imported only here: the official client costs 0.4 s and 90 MB at import. */
async function authenticateThroughOfficialClient(files: string[], context: string): Promise<Partial<KubeConfig>> {
  const { KubeConfig: OfficialKubeConfig } = await import('@kubernetes/client-node')
  const official = new OfficialKubeConfig()
  for (const [index, file] of files.entries()) {
    if (index === 0) official.loadFromFile(file)
    else {
      const other = new OfficialKubeConfig()
      other.loadFromFile(file)
      official.mergeConfig(other, true)
    }
  }
  official.setCurrentContext(context)
  const ask = async () => {
    const options: Parameters<typeof official.applyToHTTPSOptions>[0] = {}
    await official.applyToHTTPSOptions(options)
    return options
  }
  const { cert, key } = await ask()
  return {
    ...(cert && key ? { clientCertificate: String(cert), clientKey: String(key) } : {}),
    authorize: async () => {
      const headers = (await ask()).headers as Record<string, string> | undefined
      return headers?.Authorization
    },
  }
}

async function readAndMerge(files: string[]): Promise<Merged> {
  const merged: Merged = { clusters: new Map(), users: new Map(), contexts: new Map() }
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && files.length > 1) return undefined
      throw new Error(`cannot read kubeconfig ${file}: ${error.message}`, { cause: error })
    })
    if (text === undefined) continue
    const parsed = KubeConfigFile.safeParse(parse(text))
    if (!parsed.success) throw new Error(`${file} is not a kubeconfig: ${z.prettifyError(parsed.error)}`)
    merged.currentContext ??= parsed.data['current-context'] || undefined
    collect(merged.clusters, parsed.data.clusters, 'cluster', file)
    collect(merged.users, parsed.data.users, 'user', file)
    collect(merged.contexts, parsed.data.contexts, 'context', file)
  }
  return merged
}

function collect<T>(
  into: Map<string, Entry<T>>,
  list: Record<string, unknown>[] | null | undefined,
  key: string,
  file: string,
) {
  for (const item of list ?? []) {
    const name = item.name as string
    if (!into.has(name)) into.set(name, { value: item[key] as T, file })
  }
}

function find<T>(entries: Map<string, Entry<T>>, name: string, what: string, source: string): Entry<T> {
  const entry = entries.get(name)
  if (entry) return entry
  throw new Error(`${source} has no ${what} "${name}" (it has: ${[...entries.keys()].join(', ') || 'none'})`)
}

/** The value under `key-data` in base64, or the content of the file under `key`. */
async function inlineOrFile(entry: Entry<Record<string, unknown>>, key: string): Promise<string | undefined> {
  const inline = entry.value[`${key}-data`]
  if (inline) return Buffer.from(inline as string, 'base64').toString('utf8')
  const file = entry.value[key]
  return file ? readFile(path.resolve(path.dirname(entry.file), file as string), 'utf8') : undefined
}
