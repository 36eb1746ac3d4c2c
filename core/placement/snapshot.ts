/** What the planner looks at: resources, pods, leases and owners, condensed to what placement depends on. */

export interface TierView {
  name: string
  /** Price of a month; customers of dearer tiers are placed first. */
  price: number
  dedicated: boolean
  tenantsPerWorker: number
  sessionsPerWorker: number
  sessionsPerTenant: number
  workers: { min: number; max: number; spare: number; replicas?: number }
  /** How long a worker must have been surplus before it goes. */
  stabilizationMs: number
  /** Of the template that its workers should have. */
  revision: string
  update: { maxSurge: number; maxMoving: number; failureThreshold: number; deadlineMs: number }
  /** Sessions that may be on their way at the same time when they leave workers that work. */
  maxMoving: number
  /** What a worker should not exceed for long. */
  target: LoadView
  /** Nodes that its workers may use and that are ready; undefined: not known. */
  hosts?: readonly string[]
}

/** How busy a worker is, in the mean of the last half minute. */
export interface LoadView {
  /** In and out. */
  messagesPerSecond: number
  loopLagMs: number
  /** Of the memory that its container may use. */
  memoryPercent: number
}

export interface TenantView {
  name: string
  tier: string
  suspended: boolean
  /** The worker where its sessions belong. */
  worker?: string
}

/** Why a session is not placed; `message` is written for people and says what to do. */
export interface Reason {
  reason: string
  message: string
}

/** What a session that an update has moved has to be again. */
export interface Awaited {
  state: 'Claimed' | 'Connected'
  /** Of the template for whose sake it was moved. */
  revision: string
  /** On the plan's clock, in milliseconds. */
  since: number
}

export interface PlacementView {
  worker: string
  podUID: string
  generation: number
  /** When it was written; on the plan's clock, in milliseconds. */
  since?: number
  awaited?: Awaited
}

/** The owner row in Postgres. */
export interface OwnerView {
  generation: number
  podUID?: string
  /** The highest generation under which a claim had to wait for a living holder. */
  wanted?: number
  /** Name of the worker whose boot holds the claim: neither released nor ended nor revoked. */
  heldBy?: string
}

export interface SessionView {
  /** The resource's name. */
  name: string
  tenant: string
  /** Any text that sorts by age. */
  createdAt: string
  running: boolean
  /** It has to leave: being deleted, and nothing is left to do on its worker. */
  leaving: boolean
  /** Has been linked to a phone. */
  linked: boolean
  /** Its holder says that WhatsApp answers. */
  connected: boolean
  /** Something outside placement forbids it, for example a name that is taken. */
  blocked?: Reason
  placement?: PlacementView
  owner?: OwnerView
}

/**
 * Starting: no boot yet. Ready: the pod is ready and the boot is renewing. Unsure: one of these is not so, and that proves
 * nothing. Leaving: the pod is being deleted. Lost: its process is dead or has lost its lease. Gone: no pod any more.
 */
export type WorkerPhase = 'Starting' | 'Ready' | 'Unsure' | 'Leaving' | 'Lost' | 'Gone'

export interface WorkerView {
  name: string
  tier: string
  /** Set when it is dedicated. */
  tenant?: string
  desiredState: 'Active' | 'Cordoned' | 'Drained'
  deleting: boolean
  podUID?: string
  /** The node that its pod runs on, and that node's zone, as far as known. */
  host?: string
  zone?: string
  phase: WorkerPhase
  /** Since when it is in this phase; on the same clock as the plan's `now`, in milliseconds. */
  phaseSince: number
  /** Since when it is anything but Ready; the same clock. */
  unreadySince?: number
  /** Of the template that its pod was made from; undefined: it has none yet, and will have the present one. */
  revision?: string
  /** Why its pod does not come up, where Kubernetes says so; in a sentence without a full stop. */
  trouble?: string
  /** A session was placed here once. */
  used: boolean
  /** Since when every plan has called it surplus. */
  surplusSince?: number
  load?: LoadView
  /** Since when every plan has called it hot, or when one has last taken a tenant from it for that. */
  hotSince?: number
}

export interface Snapshot {
  tiers: readonly TierView[]
  tenants: readonly TenantView[]
  sessions: readonly SessionView[]
  workers: readonly WorkerView[]
  /** Names of new workers are derived from it: another one for each plan. */
  seed: string
}
