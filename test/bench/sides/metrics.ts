/** Reads what a worker measures of itself: Prometheus' text format. */

/** Values by name, labels included: `berth_worker_commits_total`, `berth_worker_sessions{state="Connected"}`. */
export function readMetrics(text: string): Map<string, number> {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    }),
  )
}

export interface Commits {
  count: number
  /** Rows by kind. */
  rows: Record<string, number>
  /** Bounds of the histogram's buckets, in ms: that share of the commits took no longer. */
  p50AtMost: number
  p99AtMost: number
}

/** The commits between two readings. */
export function commitsBetween(before: Map<string, number>, after: Map<string, number>): Commits {
  const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
  const count = grown('berth_worker_commits_total')
  const buckets = [...after.keys()].flatMap((name) => {
    const bound = /^berth_worker_commit_seconds_bucket\{le="([\d.]+)"\}$/.exec(name)?.[1]
    return bound === undefined ? [] : [{ ms: Number(bound) * 1000, upTo: grown(name) }]
  })
  const rows = Object.fromEntries(
    [...after.keys()].flatMap((name) => {
      const kind = /^berth_worker_commit_rows_total\{kind="(\w+)"\}$/.exec(name)?.[1]
      return kind === undefined || grown(name) === 0 ? [] : [[kind, grown(name)]]
    }),
  )
  const atMost = (share: number) => buckets.find(({ upTo }) => upTo >= share * count)?.ms ?? Number.POSITIVE_INFINITY
  return { count, rows, p50AtMost: atMost(0.5), p99AtMost: atMost(0.99) }
}
