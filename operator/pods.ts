/** The pod of a worker. */
import { createHash } from 'node:crypto'
import type { Pod, PodSpec } from '@berth/core/model/builtin.ts'
import { apiVersionOf, WorkerKind } from '@berth/core/model/kind.ts'
import type { ObjectMeta } from '@berth/core/model/meta.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import { byText } from '@berth/core/placement/sort.ts'
import type { Config } from './config.ts'
import { APP_LABEL, REVISION_LABEL, TIER_LABEL, WORKER_APP, WORKER_LABEL } from './labels.ts'
import { nodeEnvironment } from './node-environment.ts'

const HTTP_PORT = 8080

const fieldOf = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

type PodSettings = Pick<Config, 'workerImage' | 'workerSecret' | 'workerServiceAccount' | 'workerPod'>

/** Hash of all that makes a pod of the tier: another one means that the pod is of an older template. */
export function templateRevision(tier: Tier, settings: PodSettings): string {
  const said = JSON.stringify(podTemplate(tier, settings), inOrder)
  return createHash('sha256').update(said).digest('hex').slice(0, 10)
}

/** The same text for the same values, in whatever order they were written. */
const inOrder = (_: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => byText(a, b)))
    : value

export function podFor(worker: Worker, tier: Tier, settings: PodSettings): Pod {
  const { metadata, spec } = podTemplate(tier, settings)
  const { name, namespace, uid } = worker.metadata
  const revision = templateRevision(tier, settings)
  return {
    metadata: {
      ...metadata,
      name,
      namespace,
      labels: { ...metadata.labels, [WORKER_LABEL]: name, [REVISION_LABEL]: revision },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(WorkerKind),
          kind: WorkerKind.kind,
          name,
          uid: uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec,
  }
}

const nodeVariables = (memory: string): { name: string; value: string }[] =>
  Object.entries(nodeEnvironment(memory)).map(([name, value]) => ({ name, value }))

/** What all pods of a tier have in common. */
function podTemplate(
  tier: Tier,
  settings: PodSettings,
): { metadata: Pick<ObjectMeta, 'annotations' | 'labels'>; spec: PodSpec } {
  const { template } = tier.spec.workers
  const { labels, annotations, env = [], imagePullPolicy, nodeSelector, volumeMounts, ...spec } = settings.workerPod
  const nodes = { ...nodeSelector, ...template.nodeSelector }
  const own = { [APP_LABEL]: WORKER_APP, [TIER_LABEL]: tier.metadata.name }
  return {
    metadata: { ...(annotations ? { annotations } : {}), labels: { ...labels, ...own } },
    spec: {
      topologySpreadConstraints: [overHosts(own)],
      ...spec,
      restartPolicy: 'Always',
      // Other Services' addresses are nothing that a worker asks for.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: tier.spec.drain.graceSeconds,
      ...(settings.workerServiceAccount ? { serviceAccountName: settings.workerServiceAccount } : {}),
      ...(Object.keys(nodes).length > 0 ? { nodeSelector: nodes } : {}),
      securityContext: {
        ...spec.securityContext,
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'worker',
          image: template.image ?? settings.workerImage,
          ...(imagePullPolicy ? { imagePullPolicy } : {}),
          ports: [{ name: 'http', containerPort: HTTP_PORT }],
          env: [
            fieldOf('POD_NAME', 'metadata.name'),
            fieldOf('POD_UID', 'metadata.uid'),
            fieldOf('POD_NAMESPACE', 'metadata.namespace'),
            fieldOf('POD_IP', 'status.podIP'),
            { name: 'BERTH_STOP_SECONDS', value: String(stopSeconds(tier.spec.drain.graceSeconds)) },
            // What the installation says of the same name wins; a pod may name none twice.
            ...nodeVariables(template.memory).filter((own) => !env.some(({ name }) => name === own.name)),
            ...env,
          ],
          envFrom: [{ secretRef: { name: settings.workerSecret } }],
          ...(volumeMounts ? { volumeMounts } : {}),
          readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, timeoutSeconds: 1 },
          livenessProbe: {
            httpGet: { path: '/healthz', port: 'http' },
            initialDelaySeconds: 10,
            periodSeconds: 10,
            timeoutSeconds: 5,
            failureThreshold: 6,
          },
          resources: {
            requests: { cpu: template.cpu, memory: template.memory },
            limits: { memory: template.memory },
          },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  }
}

/** What of the kubelet's patience a worker may use for its sessions; the rest is for ending its lease. */
const stopSeconds = (graceSeconds: number): number => Math.max(0, graceSeconds - 5)

/** One host that is lost takes as few of a tier's workers along as may be, the spare ones least of all. */
const overHosts = (matchLabels: Record<string, string>) => ({
  maxSkew: 1,
  topologyKey: 'kubernetes.io/hostname',
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels },
})

/** Of the template that the pod was made from. */
export const revisionOf = (pod: Pod | undefined): string | undefined => pod?.metadata.labels?.[REVISION_LABEL]

/** Is this the pod that the operator made for this very worker? */
export const isPodOf = (pod: Pod, worker: Worker | undefined): boolean =>
  worker !== undefined && (pod.metadata.ownerReferences ?? []).some(({ uid }) => uid === worker.metadata.uid)
