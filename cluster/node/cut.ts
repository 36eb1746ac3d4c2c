/**
 * Cuts a pod off from addresses: packets are dropped silently, both ways, as when a cable is pulled. The rules stand in the
 * pod's own network namespace: they see the addresses as the pod does (a Service's cluster IP, not what is behind it), need
 * nothing of bridges, and end with the pod.
 */
import { run } from '../command.ts'
import { processOfPod } from './processes-of-pods.ts'

/** iptables commands that drop what goes to and comes from `address` or `address:port` (TCP). Pure. */
export function cutRules(target: string): string[][] {
  const [address, port] = target.split(':')
  const tcp = (option: string) => (port ? ['--protocol', 'tcp', option, port] : [])
  return [
    ['--append', 'OUTPUT', '--destination', address!, ...tcp('--dport'), '--jump', 'DROP'],
    ['--append', 'INPUT', '--source', address!, ...tcp('--sport'), '--jump', 'DROP'],
  ]
}

/** @param root the cgroup below which the pod is. Throws when it does not run */
export async function cutPod(root: string, podUid: string, targets: string[]): Promise<void> {
  const pid = processOfPod(root, podUid)
  if (!pid) throw new Error(`No process of a pod with the uid ${podUid} runs on this machine.`)
  for (const rule of targets.flatMap(cutRules)) await iptables(pid, rule)
}

/** A pod that is gone took its rules along. */
export async function healPod(root: string, podUid: string): Promise<void> {
  const pid = processOfPod(root, podUid)
  if (!pid) return
  for (const chain of ['OUTPUT', 'INPUT']) await iptables(pid, ['--flush', chain])
}

/** `--wait`: others may be at it. */
const iptables = (pid: number, args: string[]): Promise<string> =>
  run('nsenter', ['--target', String(pid), '--net', 'iptables', '--wait', ...args])
