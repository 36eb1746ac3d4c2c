/** The pod of a worker. */
import { createHash } from 'node:crypto'
import type { Pod } from '@berth/core/model/builtin.ts'
import { apiVersionOf, WorkerKind } from '@berth/core/model/kind.ts'
import type { Tier } from '@berth/core/model/tier.ts'
import type { Worker } from '@berth/core/model/worker.ts'
import type { Config } from './config.ts'
import { APP_LABEL, REVISION_LABEL, TIER_LABEL, WORKER_APP, WORKER_LABEL } from './labels.ts'
import { nodeEnvironment } from './node-environment.ts'

const HTTP_PORT = 8080

const fieldOf = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })

type PodSettings = Pick<Config, 'workerImage' | 'workerSecret' | 'workerServiceAccount' | 'workerPod'>

/** Hash of all that a tier says of its pods: another one means that the pod is of an older template. */
export function templateRevision(tier: Tier, settings: PodSettings): string {
  // One by one: what else a process is told (its own name, for one) is no part of it.
  const { workerImage, workerSecret, workerServiceAccount, workerPod } = settings
  const common = [workerImage, workerSecret, workerServiceAccount, workerPod]
  const said = JSON.stringify([tier.spec.workers.template, tier.spec.drain, common])
  return createHash('sha256').update(said).digest('hex').slice(0, 10)
}

export function podFor(worker: Worker, tier: Tier, settings: PodSettings): Pod {
  const { template } = tier.spec.workers
  const { labels, annotations, env = [], imagePullPolicy, nodeSelector, ...spec } = settings.workerPod
  const { name, namespace, uid } = worker.metadata
  const nodes = { ...nodeSelector, ...template.nodeSelector }
  return {
    metadata: {
      name,
      namespace,
      ...(annotations ? { annotations } : {}),
      labels: {
        ...labels,
        [APP_LABEL]: WORKER_APP,
        [TIER_LABEL]: tier.metadata.name,
        [WORKER_LABEL]: name,
        [REVISION_LABEL]: templateRevision(tier, settings),
      },
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
    spec: {
      ...spec,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: tier.spec.drain.graceSeconds,
      ...(settings.workerServiceAccount ? { serviceAccountName: settings.workerServiceAccount } : {}),
      ...(Object.keys(nodes).length > 0 ? { nodeSelector: nodes } : {}),
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
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
            ...Object.entries(nodeEnvironment(template.memory)).map(([name, value]) => ({ name, value })),
            ...env,
          ],
          envFrom: [{ secretRef: { name: settings.workerSecret } }],
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

/** Of the template that the pod was made from. */
export const revisionOf = (pod: Pod | undefined): string | undefined => pod?.metadata.labels?.[REVISION_LABEL]

/** Is this the pod that the operator made for this very worker? */
export const isPodOf = (pod: Pod, worker: Worker | undefined): boolean =>
  worker !== undefined && (pod.metadata.ownerReferences ?? []).some(({ uid }) => uid === worker.metadata.uid)
