/**
 * The way out of a session that is being deleted, as a pure decision.
 *
 * Running → (device: Logout, and it is linked) a logout is asked for, and it keeps its place so that a worker can do it →
 * done, failed or thirty seconds over → its place is taken → its owner has released it, or is dead → the data are erased or
 * retained, and the finalizer goes. A deletion always ends: after a while nothing is waited for any more, and the fence
 * keeps an owner that does not let go from writing.
 */

/** How long a logout may take. */
const LOGOUT_MS = 30_000
/** How long an owner may take to let go, counted from the deletion. */
const LET_GO_MS = 90_000

export interface Departure {
  device: 'Logout' | 'Keep'
  linked: boolean
  /** A worker may run it: its tenant is there and active, and it is not stopped. */
  runnable: boolean
  logout?: { status: 'queued' | 'done' | 'failed'; ageMs: number }
  placed: boolean
  held: boolean
  /** Since the deletion was asked for. */
  ageMs: number
}

export type DepartureStep = 'AskLogout' | 'AwaitLogout' | 'Leave' | 'Finish'

export function nextStep(departure: Departure): DepartureStep {
  const { logout, ageMs } = departure
  if (wantsLogout(departure)) {
    if (!logout) return 'AskLogout'
    if (logout.status === 'queued' && logout.ageMs < LOGOUT_MS) return 'AwaitLogout'
  }
  return (departure.placed || departure.held) && ageMs < LET_GO_MS ? 'Leave' : 'Finish'
}

const wantsLogout = ({ device, linked, runnable, ageMs }: Departure): boolean =>
  device === 'Logout' && linked && runnable && ageMs < LET_GO_MS

/** Why the phone may still list the device, for the event; undefined: it does not. */
export function leftLinked({ device, linked, runnable, logout }: Departure): string | undefined {
  if (device === 'Keep' || !linked || logout?.status === 'done') return undefined
  if (!runnable) return 'it was not running'
  if (logout?.status === 'failed') return 'the logout failed'
  return 'no worker did it in time'
}
