/** What an installation says of all its worker pods, beside what their tier says: where they run, and under what labels. */
import { z } from 'zod'

/** As Kubernetes spells it; it is the API server that knows what is right in there. */
const given = z.looseObject({})

export const WorkerPod = z.strictObject({
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  /** Wins over what the workers' Secret sets. */
  env: z.array(z.looseObject({ name: z.string() })).optional(),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
  imagePullSecrets: z.array(z.object({ name: z.string() })).optional(),
  /** The tier's own is added to it. */
  nodeSelector: z.record(z.string(), z.string()).optional(),
  tolerations: z.array(given).optional(),
  affinity: given.optional(),
  topologySpreadConstraints: z.array(given).optional(),
  priorityClassName: z.string().optional(),
  volumes: z.array(given).optional(),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.string() })).optional(),
  /** Of the volumes' files; all else of it is the operator's. */
  securityContext: z
    .strictObject({ fsGroup: z.int(), fsGroupChangePolicy: z.enum(['Always', 'OnRootMismatch']) })
    .optional(),
})
export type WorkerPod = z.infer<typeof WorkerPod>
