/** The parts of Kubernetes' built-in kinds that Berth reads or writes. */
import type { KubeObject } from './meta.ts'

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: {
    fieldRef?: { fieldPath: string }
    secretKeyRef?: { name: string; key: string; optional?: boolean }
  }
}

export interface Probe {
  httpGet: { path: string; port: number | string }
  periodSeconds?: number
  timeoutSeconds?: number
  failureThreshold?: number
  initialDelaySeconds?: number
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  env?: EnvVar[]
  envFrom?: { secretRef?: { name: string; optional?: boolean } }[]
  ports?: { name?: string; containerPort: number }[]
  readinessProbe?: Probe
  livenessProbe?: Probe
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> }
  imagePullPolicy?: string
  securityContext?: Record<string, unknown>
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

export interface PodSpec {
  containers: Container[]
  serviceAccountName?: string
  restartPolicy?: 'Always' | 'OnFailure' | 'Never'
  terminationGracePeriodSeconds?: number
  nodeName?: string
  nodeSelector?: Record<string, string>
  tolerations?: Record<string, unknown>[]
  affinity?: Record<string, unknown>
  topologySpreadConstraints?: Record<string, unknown>[]
  enableServiceLinks?: boolean
  priorityClassName?: string
  imagePullSecrets?: { name: string }[]
  securityContext?: Record<string, unknown>
  volumes?: Record<string, unknown>[]
}

export interface ContainerState {
  running?: { startedAt: string }
  waiting?: { reason?: string; message?: string }
  terminated?: { exitCode: number; signal?: number; reason?: string; startedAt?: string; finishedAt?: string }
}

export interface ContainerStatus {
  name: string
  ready: boolean
  restartCount: number
  image: string
  imageID: string
  containerID?: string
  started?: boolean
  state?: ContainerState
  lastState?: ContainerState
}

export interface PodCondition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason?: string
  message?: string
  lastTransitionTime?: string
}

export interface Pod extends KubeObject {
  spec: PodSpec
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    reason?: string
    message?: string
    podIP?: string
    hostIP?: string
    startTime?: string
    conditions?: PodCondition[]
    containerStatuses?: ContainerStatus[]
  }
}

export interface Node extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: { key: string; effect: string }[] }
  status?: { conditions?: PodCondition[] }
}

export interface Secret extends KubeObject {
  type?: string
  /** Values in base64. */
  data?: Record<string, string>
  stringData?: Record<string, string>
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
}

export interface PodDisruptionBudget extends KubeObject {
  spec: {
    minAvailable: number
    unhealthyPodEvictionPolicy?: 'AlwaysAllow' | 'IfHealthyBudget'
    selector: { matchLabels: Record<string, string> }
  }
}

export interface ObjectReference {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
}

export interface Event extends KubeObject {
  involvedObject: ObjectReference
  type: 'Normal' | 'Warning'
  reason: string
  message: string
  count?: number
  firstTimestamp?: string
  lastTimestamp?: string
  source?: { component?: string; host?: string }
  reportingComponent?: string
  reportingInstance?: string
}

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    /** RFC 3339 with microseconds; the API refuses fewer digits. */
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface Deployment extends KubeObject {
  status?: { readyReplicas?: number }
}

export interface CustomResourceDefinition extends KubeObject {
  spec: { versions: { name: string; schema?: { openAPIV3Schema?: unknown } }[] }
  status?: { conditions?: { type: string; status: string }[] }
}
