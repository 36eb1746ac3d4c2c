/** How long sessions needed to come back after a fault, as the simulator and the people saw it. Pure; milliseconds. */
import type { ConnectionRecord } from './records.ts'
import type { Sighting } from './sightings.ts'

/** A message that is through. */
export interface Arrival {
  account: string
  /** in: from a contact to the account; out: the other way. */
  way: 'in' | 'out'
  begunAt: number
  arrivedAt: number
}

export interface Recovery {
  account: string
  /** Of an account that lost its connection: fault to the first sign of the operator's reaction, and to its last new place. */
  noticedMs?: number
  placedMs?: number
  /** Fault to the login that lasted; undefined: it never lost its connection. */
  connectedMs?: number
  /**
   * Without a connection: from the end of the one before to the login that lasted. undefined also when that one was still
   * open, because its process was stopped.
   */
  gapMs?: number
  /** Fault to the first message in (a receipt for it) and out (on the phone), of those that were begun after the fault. */
  firstInMs?: number
  firstOutMs?: number
}

/** @param until when all of them were back */
export function recoveries(
  fault: { at: number; until: number },
  accounts: string[],
  connections: ConnectionRecord[],
  arrivals: Arrival[],
  sightings: Sighting[] = [],
): Recovery[] {
  return accounts.map((account) => {
    const own = connections.filter(({ number, loginAt }) => number === account && loginAt !== null)
    const login = own.findLast(({ loginAt }) => loginAt! >= fault.at && loginAt! <= fault.until)
    const before = login && own.findLast(({ loginAt }) => loginAt! < fault.at)
    const since = { in: [] as number[], out: [] as number[] }
    for (const { account: whose, way, begunAt, arrivedAt } of arrivals) {
      if (whose === account && begunAt >= fault.at) since[way].push(arrivedAt - fault.at)
    }
    const seen = sightings.filter(({ account: whose, at }) => whose === account && at >= fault.at && at <= fault.until)
    const noticed = seen[0]
    const placed = seen.findLast(({ what }) => what === 'placed')
    return {
      account,
      ...(login && noticed && { noticedMs: noticed.at - fault.at }),
      ...(login && placed && { placedMs: placed.at - fault.at }),
      ...(login && { connectedMs: login.loginAt! - fault.at }),
      ...(login && before?.closedAt && before.closedAt < login.loginAt! && { gapMs: login.loginAt! - before.closedAt }),
      ...(since.in.length > 0 && { firstInMs: Math.min(...since.in) }),
      ...(since.out.length > 0 && { firstOutMs: Math.min(...since.out) }),
    }
  })
}
