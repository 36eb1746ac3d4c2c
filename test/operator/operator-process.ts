/** The operator as a process of its own, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import { stringify } from 'yaml'
import { bareEnvironment } from '../bare-environment.ts'

const MAIN = path.join(import.meta.dirname, '../../operator/main.ts')

export interface OperatorProcess {
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  /** Its exit code; null when a signal ended it. */
  exited: Promise<number | null>
  /** All that it has written so far. */
  output(): string
}

/** Runs the operator with no other settings than these. */
export function spawnOperator(env: Record<string, string>): OperatorProcess {
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const exited = once(child, 'close').then(() => child.exitCode)
  return {
    exited,
    output: () => output,
    signal: (signal) => child.kill(signal),
    kill(signal) {
      child.kill(signal)
      return exited
    },
  }
}

/** A kubeconfig for the process. */
export async function writeKubeconfig(config: KubeConfig): Promise<{ file: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'berth-operator-'))
  const file = path.join(folder, 'kubeconfig')
  const base64 = (pem: string | undefined) => pem && Buffer.from(pem).toString('base64')
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: {
          server: config.server,
          'certificate-authority-data': base64(config.ca),
          'insecure-skip-tls-verify': config.insecureSkipTlsVerify,
        },
      },
    ],
    users: [
      {
        name: 'test',
        user: {
          token: config.token,
          'client-certificate-data': base64(config.clientCertificate),
          'client-key-data': base64(config.clientKey),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: config.namespace } }],
  }
  await writeFile(file, stringify(content))
  return { file, remove: () => rm(folder, { recursive: true }) }
}
