/**
 * Cuts a pod off from addresses: packets are dropped silently, both ways, as when a cable is pulled. The rules stand in the
 * pod's own network namespace: they see the addresses as the pod does (a Service's cluster IP, not what is behind it), need
 * nothing of bridges, and end with the pod.
 */
import { run } from '../command.ts'

/** iptables commands that drop what goes to and comes from `address` or `address:port` (TCP). Pure. */
export function cutRules(target: string): string[][] {
  const [address, port] = target.split(':')
  const tcp = (option: string) => (port ? ['--protocol', 'tcp', option, port] : [])
  return [
    ['--append', 'OUTPUT', '--destination', address!, ...tcp('--dport'), '--jump', 'DROP'],
    ['--append', 'INPUT', '--source', address!, ...tcp('--sport'), '--jump', 'DROP'],
  ]
}

/** `pid`: any process of the pod. */
export async function cutNetwork(pid: number, targets: string[]): Promise<void> {
  for (const rule of targets.flatMap(cutRules)) await iptables(pid, rule)
}

export async function healNetwork(pid: number): Promise<void> {
  for (const chain of ['OUTPUT', 'INPUT']) await iptables(pid, ['--flush', chain])
}

/** `--wait`: others may be at it. */
const iptables = (pid: number, args: string[]): Promise<string> =>
  run('nsenter', ['--target', String(pid), '--net', 'iptables', '--wait', ...args])
