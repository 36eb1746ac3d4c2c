/** The child processes that Berth consists of beside Postgres and the workers: what each is started with. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { clone } from './clone.ts'
import { NAMESPACE, WORKER_SECRET } from './control-plane.ts'
import { nodeCommand } from './kubelet/image.ts'
import { answers } from './process/answers.ts'
import type { ProcessLedger } from './process/ledger.ts'
import { Service } from './process/service.ts'
import type { Ports } from './settings.ts'

export interface ServiceContext {
  dataDir: string
  logsDir: string
  ledger: ProcessLedger
  tell: (line: string) => void
}

/** What operator and gateway connect to. */
export interface Connections {
  databaseUrl: string
  kubeconfig: string
}

/** On top of what we set. */
type Environment = Record<string, string>

interface Program {
  name: string
  script: string
  args?: string[]
  env?: Environment
  readyUrl: string
}

/** Of what the kubelet's containers write. */
export const podLogsFolder = (logsDir: string): string => path.join(logsDir, 'pods')

/** Where the files of messages are kept, for the gateway and for workers. */
export const mediaUrl = (dataDir: string): string => pathToFileURL(path.join(dataDir, 'media')).href

export const localUrl = (port: number, scheme = 'http'): string => `${scheme}://127.0.0.1:${port}`

export function kubernetesService(context: ServiceContext, port: number): { service: Service; folder: string } {
  const folder = path.join(context.dataDir, 'kubernetes')
  const service = toService(context, {
    name: 'kubernetes',
    script: 'local/kubernetes/main.ts',
    args: ['--data', folder, '--port', String(port), '--pod-logs', podLogsFolder(context.logsDir)],
    readyUrl: `${localUrl(port, 'https')}/readyz`,
  })
  return { service, folder }
}

export const simulatorService = (context: ServiceContext, port: number): Service =>
  toService(context, {
    name: 'simulator',
    script: 'simulator/main.ts',
    args: ['--data', path.join(context.dataDir, 'simulator'), '--port', String(port)],
    readyUrl: `${localUrl(port)}/v1/info`,
  })

export const operatorService = (
  context: ServiceContext,
  port: Ports['operator'],
  to: Connections,
  env: Environment,
): Service =>
  toService(context, {
    name: 'operator',
    script: 'operator/main.ts',
    env: { ...listen(port, to), BERTH_WORKER_SECRET: WORKER_SECRET, POD_NAME: 'operator-local', ...env },
    readyUrl: `${localUrl(port)}/readyz`,
  })

export const gatewayService = (
  context: ServiceContext,
  ports: Pick<Ports, 'gateway' | 'gatewayMetrics'>,
  to: Connections,
  internalToken: string,
  env: Environment,
): Service =>
  toService(context, {
    name: 'gateway',
    script: 'gateway/main.ts',
    env: {
      ...listen(ports.gateway, to),
      METRICS_PORT: String(ports.gatewayMetrics),
      PUBLIC_URL: localUrl(ports.gateway),
      BERTH_INTERNAL_TOKEN: internalToken,
      BERTH_MEDIA_URL: mediaUrl(context.dataDir),
      // Whoever uses this installation sits at its machine, and so does the server that they try webhooks with.
      BERTH_WEBHOOK_TARGETS: 'anywhere',
      ...env,
    },
    readyUrl: `${localUrl(ports.gateway)}/readyz`,
  })

const listen = (port: number, { databaseUrl, kubeconfig }: Connections): Environment => ({
  DATABASE_URL: databaseUrl,
  KUBECONFIG: kubeconfig,
  BERTH_NAMESPACE: NAMESPACE,
  HOST: '127.0.0.1',
  PORT: String(port),
})

function toService({ logsDir, ledger, tell }: ServiceContext, program: Program): Service {
  const command = nodeCommand(path.join(clone, program.script), program.args ?? [])
  return new Service({
    name: program.name,
    ...command,
    cwd: clone,
    env: { ...process.env, ...program.env },
    logFile: path.join(logsDir, `${program.name}.log`),
    ledger,
    isReady: () => answers(program.readyUrl),
    tell,
  })
}
