/** How the demo ended: the count for a person, and one object for a program. Pure. */
import type { ChaosResult, Round } from '@berth/test/chaos/chaos.ts'
import { type Spread, spread } from '@berth/test/chaos/figures.ts'

export interface Outcome {
  sent: number
  delivered: number
  /** Written by contacts. */
  written: number
  received: number
  lost: number
  duplicated: number
  /** Events that customers' servers were told by webhook. */
  told: number
  untold: number
  /** Accounts that somebody would have had to link again. */
  qrAfterFailover: number
  /** Fault to the login that lasted, of the sessions that lost their connection by a fault. */
  failoverMs: Pick<Spread, 'p50' | 'p99'> | null
}

export function outcomeOf({ rounds, verdict }: Pick<ChaosResult, 'rounds' | 'verdict'>): Outcome {
  const failovers = spread(
    rounds.flatMap(({ recoveries }) => recoveries.flatMap(({ connectedMs }) => connectedMs ?? [])),
  )
  return {
    sent: verdict.sent,
    delivered: verdict.delivered,
    written: verdict.written,
    received: verdict.received,
    lost: verdict.lost.length,
    duplicated: verdict.duplicated.length,
    told: verdict.told,
    untold: verdict.untold.length + verdict.missingNumbers.length,
    qrAfterFailover: verdict.newQr.length,
    failoverMs: failovers ? { p50: failovers.p50, p99: failovers.p99 } : null,
  }
}

/** What became of the sessions after a fault. */
export function chapterEnd({ recoveries, moved }: Round): string {
  const gone = recoveries.flatMap(({ connectedMs }) => connectedMs ?? [])
  const back =
    gone.length > 0
      ? `${sessions(gone.length)} lost the connection, back after ${seconds(Math.max(...gone))}`
      : 'no connection was lost'
  const delays = recoveries.flatMap(({ firstInMs, firstOutMs }) => [firstInMs ?? 0, firstOutMs ?? 0])
  return `${back}${moved > 0 ? `, ${moved} moved to another worker` : ''}; messages flow everywhere after ${seconds(Math.max(...delays))}`
}

export function outcomeLines(outcome: Outcome): string[] {
  const { sent, delivered, written, received, lost, duplicated, told, untold, qrAfterFailover, failoverMs } = outcome
  return [
    `Sent through the API ${sent}, on the phones ${delivered}. Written by contacts ${written}, received ${received}.`,
    `Told by webhook ${told} events, not told ${untold}.`,
    `Lost ${lost}. Twice ${duplicated}. Codes that somebody would have to scan ${qrAfterFailover}.`,
    ...(failoverMs
      ? [
          `A session whose worker went was connected again after ${seconds(failoverMs.p50)} (p50), ${seconds(failoverMs.p99)} (p99).`,
        ]
      : []),
    'Counted on the simulated phones and in the API’s lists. Measured on the WhatsApp simulator: not WhatsApp’s own times.',
  ]
}

const sessions = (count: number): string => (count === 1 ? '1 session' : `${count} sessions`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
