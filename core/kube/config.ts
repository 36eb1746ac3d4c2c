/** Where the Kubernetes API is and how to prove who we are: read from a kubeconfig or from the pod that we run in. */
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { readKubeConfigFiles } from './kubeconfig-file.ts'

export interface KubeConfig {
  /** URL of the API server; a path in it is put before every request's. */
  server: string
  /** The namespace that is meant where none is said. */
  namespace: string
  /** Where this was read, for messages. */
  source: string
  /** PEM of the certificate authority; without it the system's are trusted. */
  ca?: string
  /** PEM. */
  clientCertificate?: string
  /** PEM. */
  clientKey?: string
  tlsServerName?: string
  insecureSkipTlsVerify?: boolean
  /** A bearer token. */
  token?: string
  /** Holds a bearer token that changes from time to time; wins over `token`. */
  tokenFile?: string
  /** The whole Authorization header, asked for when a cached one is too old (exec plugins). */
  authorize?: () => Promise<string | undefined>
}

export interface LoadOptions {
  kubeconfig?: string
  /** A context of the kubeconfig. Naming one leaves out the pod's own credentials. */
  context?: string
  env?: NodeJS.ProcessEnv
  home?: string
  /** Where a pod finds its credentials. */
  serviceAccountFolder?: string
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * Finds the cluster to talk to: the kubeconfig that was named, then $KUBECONFIG, then the pod's own service account,
 * then ~/.kube/config. Throws an error that lists what was tried.
 */
export async function loadKubeConfig(options: LoadOptions = {}): Promise<KubeConfig> {
  const env = options.env ?? process.env
  if (options.kubeconfig) return readKubeConfigFiles([options.kubeconfig], options.context)

  const listed = (env.KUBECONFIG ?? '').split(path.delimiter).filter(Boolean)
  if (listed.length > 0) return readKubeConfigFiles(listed, options.context)

  const folder = options.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER
  if (!options.context) {
    const inCluster = await loadInCluster(folder, env)
    if (inCluster) return inCluster
  }

  const home = path.join(options.home ?? homedir(), '.kube', 'config')
  try {
    return await readKubeConfigFiles([home], options.context)
  } catch (error) {
    const tried = ['no kubeconfig was named', 'KUBECONFIG is not set']
    tried.push(
      options.context ? `context "${options.context}" rules out a pod's credentials` : `not in a pod (${folder})`,
    )
    throw new Error(`No Kubernetes cluster to talk to: ${tried.join('; ')}; ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** The credentials that every pod is given, or undefined outside a cluster. */
async function loadInCluster(folder: string, env: NodeJS.ProcessEnv): Promise<KubeConfig | undefined> {
  const host = env.KUBERNETES_SERVICE_HOST
  const port = env.KUBERNETES_SERVICE_PORT
  const tokenFile = path.join(folder, 'token')
  if (!host || !port || !(await readIfThere(tokenFile))) return undefined
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: (await readIfThere(path.join(folder, 'namespace')))?.trim() || 'default',
    source: `the pod's service account (${folder})`,
    ca: await readIfThere(path.join(folder, 'ca.crt')),
    tokenFile,
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
