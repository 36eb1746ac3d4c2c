/** What a chaos run says: a line a round and the figures for a person, one object for a program. Pure. */
import type { ChaosResult, Round } from './chaos.ts'
import { type Spread, spread } from './figures.ts'
import { isClean, violations } from './judge.ts'
import type { Recovery } from './recovery.ts'

/** Milliseconds; see Recovery. null: nothing was measured. */
interface Times {
  rounds: number
  noticedMs: Spread | null
  placedMs: Spread | null
  recoveryMs: Spread | null
  gapMs: Spread | null
  firstInMs: Spread | null
  firstOutMs: Spread | null
  settledMs: Spread | null
}

export interface Summary extends Omit<Times, 'rounds'> {
  ok: boolean
  rounds: number
  sent: number
  delivered: number
  written: number
  received: number
  lost: number
  duplicated: number
  resent: number
  overlappingOwners: number
  newQr: number
  unexpected: number
  refused: number
  faults: number
  /** Events that customers' servers were told, and how often one came again under its id. */
  told: number
  toldAgain: number
  untimely: number
  untold: number
  missingNumbers: number
  toldTwice: number
  toldOutOfOrder: number
  mistold: number
  /** Sessions that were moved although their worker lived. */
  movedInVain: number
  repeatedPosts: number
  /** Alterations of the records that the judge had to find, and found. */
  proved: string
  stuck: string | null
  byFault: Record<string, Times>
}

/** The run kept every promise, and the judge would have seen a broken one. */
export const isGood = ({ verdict, proof, stuck, rounds }: ChaosResult): boolean =>
  stuck === undefined && proof.missed.length === 0 && isClean(verdict) && movedInVain(rounds).length === 0

/** One line for each, for a person. */
const movedInVain = (rounds: Round[]): string[] =>
  rounds.flatMap((round) => round.movedInVain.map((account) => `${account} in round ${round.number}, ${round.fault}`))

export function summaryOf(result: ChaosResult): Summary {
  const { rounds, verdict, proof } = result
  const byFault = Map.groupBy(rounds, ({ fault }) => fault)
  return {
    ok: isGood(result),
    sent: verdict.sent,
    delivered: verdict.delivered,
    written: verdict.written,
    received: verdict.received,
    lost: verdict.lost.length,
    duplicated: verdict.duplicated.length,
    resent: verdict.resent,
    overlappingOwners: verdict.overlappingOwners.length,
    newQr: verdict.newQr.length,
    unexpected: verdict.unexpected.length,
    refused: verdict.refused.length,
    faults: verdict.faults.length,
    told: verdict.told,
    toldAgain: verdict.toldAgain,
    untimely: verdict.untimely,
    untold: verdict.untold.length,
    missingNumbers: verdict.missingNumbers.length,
    toldTwice: verdict.toldTwice.length,
    toldOutOfOrder: verdict.toldOutOfOrder.length,
    mistold: verdict.mistold.length,
    movedInVain: movedInVain(rounds).length,
    repeatedPosts: result.repeatedPosts,
    proved: `${proof.tried - proof.missed.length}/${proof.tried}`,
    stuck: result.stuck ?? null,
    ...timesOf(rounds),
    byFault: Object.fromEntries([...byFault].map(([fault, some]) => [fault, timesOf(some)])),
  }
}

function timesOf(rounds: Round[]): Times {
  const all = rounds.flatMap((round) => round.recoveries)
  return {
    rounds: rounds.length,
    noticedMs: measured(all, 'noticedMs'),
    placedMs: measured(all, 'placedMs'),
    recoveryMs: measured(all, 'connectedMs'),
    gapMs: measured(all, 'gapMs'),
    firstInMs: measured(all, 'firstInMs'),
    firstOutMs: measured(all, 'firstOutMs'),
    settledMs: spread(rounds.map(({ settledMs }) => settledMs)) ?? null,
  }
}

const measured = (recoveries: Recovery[], what: Exclude<keyof Recovery, 'account'>): Spread | null =>
  spread(recoveries.flatMap((recovery) => recovery[what] ?? [])) ?? null

export function roundLine(round: Round): string {
  const { recoveryMs, firstInMs, firstOutMs } = timesOf([round])
  const parts = [
    recoveryMs ? `${recoveryMs.n} reconnected within ${seconds(recoveryMs.max)}` : 'no connection lost',
    ...(round.moved > 0 ? [`${round.moved} moved`] : []),
    ...(firstInMs ? [`all receive after ${seconds(firstInMs.max)}`] : []),
    ...(firstOutMs ? [`all send after ${seconds(firstOutMs.max)}`] : []),
    `settled after ${seconds(round.settledMs)}`,
  ]
  return `${String(round.number).padStart(3)} ${round.fault.padEnd(22)} ${round.what}: ${parts.join(', ')}`
}

const SHOWN = 10

/** What went wrong, and the figures. */
export function resultLines(result: ChaosResult): string[] {
  const summary = summaryOf(result)
  return [
    ...timesTable(summary),
    'Measured against the simulator, on this machine: no WhatsApp figures.',
    `${summary.rounds} rounds. Sent ${summary.sent}, delivered ${summary.delivered}; written ${summary.written}, ` +
      `received ${summary.received}; ${summary.resent} sent again under their id, ${summary.repeatedPosts} POSTs repeated.`,
    ...webhookLines(result, summary),
    `Lost ${summary.lost}, doubled ${summary.duplicated}, two owners ${summary.overlappingOwners}, new QR ` +
      `${summary.newQr}. The judge found ${summary.proved} seeded violations.`,
    ...findingLines(result),
  ]
}

/** Nothing where nobody listens. */
const webhookLines = ({ records }: ChaosResult, summary: Summary): string[] =>
  records.webhooks
    ? [
        `Webhooks told ${summary.told} events, ${summary.toldAgain} times again under the id, ${summary.untimely} refused ` +
          `for a wrong clock. Not told ${summary.untold}, missing ${summary.missingNumbers}, as two events ` +
          `${summary.toldTwice}, out of order ${summary.toldOutOfOrder}, not so ${summary.mistold}.`,
      ]
    : []

/** What must not have been. */
export const findingLines = ({ verdict, proof, stuck, rounds }: ChaosResult): string[] => [
  ...(stuck === undefined ? [] : [`Stuck: ${stuck}`]),
  ...section('The judge did not see', proof.missed),
  ...section('Moved although their worker lived', movedInVain(rounds)),
  ...Object.entries(violations(verdict)).flatMap(([title, lines]) => section(title, lines)),
]

const section = (title: string, lines: string[]): string[] =>
  lines.length === 0
    ? []
    : [
        `${title}: ${lines.length}`,
        ...lines.slice(0, SHOWN).map((line) => `  ${line}`),
        ...(lines.length > SHOWN ? [`  and ${lines.length - SHOWN} more`] : []),
      ]

function timesTable({ byFault, ...all }: Summary): string[] {
  const columns = ['noticed', 'placed', 'connected', 'gap', 'first in', 'first out']
  const row = (name: string, cells: string[]) => `${name.padEnd(24)}${cells.map((cell) => cell.padStart(20)).join('')}`
  const cells = ({ noticedMs, placedMs, recoveryMs, gapMs, firstInMs, firstOutMs }: Times) =>
    [noticedMs, placedMs, recoveryMs, gapMs, firstInMs, firstOutMs].map(cell)
  return [
    row('seconds: p50 / p99 / max', columns),
    ...Object.entries(byFault).map(([fault, times]) => row(`${fault} (${times.rounds})`, cells(times))),
    row('all', cells(all)),
  ]
}

const cell = (times: Spread | null): string =>
  times ? [times.p50, times.p99, times.max].map((ms) => (ms / 1000).toFixed(1)).join(' / ') : '–'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
