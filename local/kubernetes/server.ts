/** The embedded Kubernetes API: an HTTPS server over a store. See README.md. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ApiError, methodNotAllowed, unauthorized } from './api-error.ts'
import { NAMESPACES } from './builtins.ts'
import { loadCredentials, writeKubeconfig } from './certificates.ts'
import { expireEvents } from './event-expiry.ts'
import { Collector } from './garbage.ts'
import { answerPodLog } from './pod-logs.ts'
import { Registry } from './registry.ts'
import type { ApiRequest, Reply } from './request.ts'
import { apiVersionOf, storageKey } from './resource.ts'
import { answerMeta, answerObjects, answerOpen, findTarget, pathNotFound } from './router.ts'
import { Store } from './store.ts'
import { watchObjects } from './watch.ts'
import { createObject } from './writing.ts'

/** As kube-apiserver's limit for a request. */
const MAX_BODY_BYTES = 3 * 1024 * 1024

const EVENT_EXPIRY_MS = 60_000

const FIRST_NAMESPACES = ['default', 'kube-system']

export interface KubernetesOptions {
  /** Where everything is kept: objects, certificates, token, kubeconfig. */
  dataDir: string
  /** 0, the default, takes a free one. */
  port?: number
  host?: string
  /** Where the local kubelet's containers write their logs; without it there are none. */
  podLogs?: string
}

export interface Kubernetes {
  url: string
  token: string
  /** PEM. */
  ca: string
  kubeconfigPath: string
  close(): Promise<void>
}

/** Starts the server; resolves when it answers. */
export async function startKubernetes(options: KubernetesOptions): Promise<Kubernetes> {
  const { dataDir, port = 0, host = '127.0.0.1' } = options
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const credentials = await loadCredentials(dataDir)
  const store = new Store(join(dataDir, 'kubernetes.db'))
  const registry = new Registry(store)
  createFirstNamespaces(store)
  const collector = new Collector(store, registry)
  const expiry = setInterval(() => expireEvents(store, Date.now()), EVENT_EXPIRY_MS)
  expireEvents(store, Date.now())
  const isAllowed = tokenCheck(credentials.token)
  // Who finds it ready reads the kubeconfig next.
  const hasKubeconfig = Promise.withResolvers<void>()
  const server = createServer({ key: credentials.key, cert: credentials.certificate }, async (request, response) => {
    await hasKubeconfig.promise
    void handle(store, registry, isAllowed, options.podLogs, request, response)
  })
  await listen(server, port, host)
  const url = `https://${host}:${(server.address() as AddressInfo).port}`
  const kubeconfigPath = await writeKubeconfig(dataDir, url, credentials)
  hasKubeconfig.resolve()
  let closing: Promise<void> | undefined
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    // Watches never end by themselves.
    server.closeAllConnections()
    await closed
    clearInterval(expiry)
    collector.close()
    store.close()
  }
  return {
    url,
    token: credentials.token,
    ca: credentials.ca,
    kubeconfigPath,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

function createFirstNamespaces(store: Store): void {
  const options = { dryRun: false, fieldManager: 'berth-local', fieldValidation: 'Ignore', force: false } as const
  const apiVersion = apiVersionOf(NAMESPACES)
  for (const name of FIRST_NAMESPACES) {
    if (store.get(storageKey(NAMESPACES), undefined, name)) continue
    const namespace = { apiVersion, kind: 'Namespace', metadata: { name } }
    const writer = { manager: options.fieldManager, operation: 'Update', apiVersion } as const
    createObject(store, { resource: NAMESPACES }, namespace, options, writer)
  }
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Compares digests, so that the time taken says nothing about the token. */
function tokenCheck(token: string): (header: string | undefined) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  const wanted = digest(`Bearer ${token}`)
  return (header) => timingSafeEqual(digest(header ?? ''), wanted)
}

async function handle(
  store: Store,
  registry: Registry,
  isAllowed: (header: string | undefined) => boolean,
  podLogs: string | undefined,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const url = new URL(incoming.url ?? '/', 'https://localhost')
    const open = answerOpen(url.pathname)
    if (open) return send(response, open)
    if (!isAllowed(incoming.headers.authorization)) throw unauthorized()
    const request: ApiRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      accept: incoming.headers.accept ?? '',
      contentType: incoming.headers['content-type'] ?? '',
      userAgent: incoming.headers['user-agent'] ?? '',
      body: await readBody(incoming),
    }
    const target = findTarget(registry, request.path)
    if (!target) return send(response, answerMeta(registry, request) ?? pathNotFound())
    if (target.subresource === 'log') {
      if (request.method !== 'GET') throw methodNotAllowed()
      return await answerPodLog(store, podLogs, request, target, response)
    }
    const isWatch = request.method === 'GET' && ['true', '1'].includes(request.query.get('watch') ?? '')
    if (isWatch) watchObjects(store, registry, request, target, response)
    else send(response, answerObjects(store, request, target))
  } catch (error) {
    if (response.headersSent) response.destroy()
    else sendError(response, error)
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming) {
    length += (chunk as Buffer).length
    if (length > MAX_BODY_BYTES) {
      throw new ApiError(413, 'RequestEntityTooLarge', `limit is ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof ApiError) {
    send(response, { code: error.code, body: error.toStatus() })
    return
  }
  console.error('embedded Kubernetes API: a request failed', error)
  const failure = new ApiError(500, 'InternalError', `Internal error occurred: ${(error as Error).message}`)
  send(response, { code: 500, body: failure.toStatus() })
}

function send(response: ServerResponse, reply: Reply): void {
  const { code, body, contentType = 'application/json', warnings = [] } = reply
  for (const warning of warnings) response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`)
  response.writeHead(code, { 'content-type': contentType, 'cache-control': 'no-cache, private' })
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
}
