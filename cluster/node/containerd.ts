/** Talks to the containerd of a node. */
import { createReadStream } from 'node:fs'
import { run, succeeds } from '../command.ts'
import type { ClusterLayout, NodeLayout } from '../layout.ts'
import type { Processes } from '../processes.ts'
import { CONTAINERD_SOCKET } from './config.ts'

/** Program and arguments of a command to it. Throws when the node does not run. */
export function containerdCommand(node: NodeLayout, processes: Processes, ...args: string[]): [string, string[]] {
  const identity = processes.find(node.name)
  if (!identity) throw new Error(`${node.name} does not run.`)
  const enter = ['--target', String(identity.pid), '--mount']
  return ['nsenter', [...enter, 'ctr', '--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io', ...args]]
}

export const containerdAnswers = (node: NodeLayout, processes: Processes): Promise<boolean> =>
  succeeds(...containerdCommand(node, processes, 'version'))

/** Loads an OCI archive. */
export async function importImage(
  { machine }: ClusterLayout,
  node: NodeLayout,
  processes: Processes,
  archive: string,
): Promise<void> {
  const command = containerdCommand(node, processes, 'images', 'import', '--snapshotter', machine.snapshotter, '-')
  await run(...command, createReadStream(archive))
}
