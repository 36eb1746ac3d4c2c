/** Names that the operator puts on objects. */
export const FIELD_MANAGER = 'berth-operator'

export const WORKER_APP = 'berth-worker'
export const APP_LABEL = 'app.kubernetes.io/name'
export const TIER_LABEL = 'berth.dev/tier'
export const WORKER_LABEL = 'berth.dev/worker'
/** On a pod: hash of the template that it was made from. */
export const REVISION_LABEL = 'berth.dev/template-revision'

/** Each kind's deletion waits until the operator has done what belongs to it. */
export const SESSION_FINALIZER = 'berth.dev/session'
export const TENANT_FINALIZER = 'berth.dev/tenant'
export const TIER_FINALIZER = 'berth.dev/tier'
/** Set before the first session comes to a worker, so it also says that the worker was used. */
export const WORKER_FINALIZER = 'berth.dev/worker'

/** Selects the pods of a tier's workers, for `kubectl scale`. */
export const selectorOf = (tier: string): string => `${APP_LABEL}=${WORKER_APP},${TIER_LABEL}=${tier}`
