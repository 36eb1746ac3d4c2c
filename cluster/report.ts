/** What a person is told about the cluster. Pure. */
import type { ClusterPart, TestCluster } from './cluster.ts'

export const NO_CLUSTER = 'There is no test cluster. Make one: npm run cluster:up'

export function report(cluster: TestCluster, parts: ClusterPart[]): string {
  const { kubeconfig, kubectl, helm, hostAddress, apiAddress, logs, nodes } = cluster
  const width = Math.max(...parts.map(({ name }) => name.length))
  const missing = parts.filter(({ pid }) => pid === undefined)
  const lines = [
    `Kubernetes cluster "${cluster.name}"`,
    '',
    ...parts.map((part) => `  ${part.name.padEnd(width)}  ${describe(part)}`),
    '',
    ...(missing.length > 0 ? ['Start what does not run: npm run cluster:up', ''] : []),
    `  export KUBECONFIG=${kubeconfig}`,
    `  kubectl: ${kubectl}`,
    `  helm:    ${helm}`,
    `  logs:    ${logs}`,
    '',
    `Pods reach this machine at ${hostAddress} and the Kubernetes API at ${apiAddress}.`,
    `NodePorts answer at ${nodes.map(({ address }) => address).join(' and ')}.`,
    'Remove it: npm run cluster:down',
  ]
  return lines.join('\n')
}

function describe({ pid, ageSeconds, ready }: ClusterPart): string {
  if (pid === undefined) return 'does not run'
  const readiness = ready === undefined ? [] : [ready ? 'ready' : 'NOT READY']
  return [`pid ${pid}`, `up ${duration(ageSeconds ?? 0)}`, ...readiness].join(', ')
}

/** As kubectl tells ages: `45s`, `12m`, `3h`, `2d`. */
function duration(seconds: number): string {
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 120) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`
}
