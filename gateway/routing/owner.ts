/** The boot that holds a session, and where it listens. */
export interface Owner {
  bootId: string
  /** URL of the worker's API. */
  address: string
}

/** Which session a call is for. */
export interface Target {
  tenantId: string
  sessionId: string
}
