/** What is on the screen while the demo runs: which worker holds which session, and the counts. Pure. */

export interface Place {
  session: string
  /** undefined: it has no place right now. */
  worker: string | undefined
  isConnected: boolean
}

export interface Counts {
  sent: number
  delivered: number
  written: number
  received: number
}

/** How a text is to look; plain where there are no colours. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  dim(text: string): string
}

const NOWHERE = '(no worker)'

export function viewLines(places: Place[], counts: Counts, paint: Paint): string[] {
  const byWorker = Map.groupBy(places, ({ worker }) => worker ?? NOWHERE)
  const width = Math.max(...[...byWorker.keys()].map((name) => name.length))
  const session = ({ session, isConnected }: Place) =>
    isConnected ? `${paint.good('●')} ${session}` : `${paint.bad('○')} ${paint.dim(session)}`
  const rows = [...byWorker]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([worker, held]) => `  ${worker.padEnd(width)}   ${held.map(session).join('  ')}`)
  return [...rows, `  ${countsLine(counts)}`]
}

export const countsLine = ({ sent, delivered, written, received }: Counts): string =>
  `sent ${sent}, delivered ${delivered}   written by contacts ${written}, received ${received}`
