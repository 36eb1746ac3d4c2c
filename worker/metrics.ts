/** What a worker measures. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { counter, gauge, histogram } from '@berth/core/telemetry/metrics.ts'

export const commits = counter({ name: 'berth_worker_commits_total', help: 'Commits written' })
export const commitRows = counter({
  name: 'berth_worker_commit_rows_total',
  help: 'Rows in commits, by what they are',
  labels: ['kind'],
})
export const commitSeconds = histogram({
  name: 'berth_worker_commit_seconds',
  help: 'From building a commit to its answer, retries included',
})
export const claims = counter({ name: 'berth_worker_claims_total', help: 'Sessions claimed' })
export const losses = counter({ name: 'berth_worker_losses_total', help: 'Sessions lost without having been released' })
export const messages = counter({
  name: 'berth_worker_messages_total',
  help: 'Messages received (in) and accepted by the provider (out)',
  labels: ['direction'],
})
export const mediaFetched = counter({
  name: 'berth_worker_media_total',
  help: 'Files of received messages that are done with, by how: stored, or why not',
  labels: ['outcome'],
})
export const logins = counter({
  name: 'berth_worker_logins_total',
  help: 'Connections opened or tried, by how they ended',
  labels: ['outcome'],
})
export const loginWaits = histogram({
  name: 'berth_worker_login_wait_seconds',
  help: 'How long logins waited for their turn; its count is the logins that were let through',
  labels: ['class'],
  buckets: [0.01, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800],
})

let readQueues: () => { name: string; waiting: number; oldestMs: number }[] = () => []
const waitingLogins = gauge({
  name: 'berth_worker_logins_waiting',
  help: 'Sessions that wait for their turn to log in, by tier',
  labels: ['class'],
  collect: () => {
    waitingLogins.reset()
    for (const { name, waiting } of readQueues()) waitingLogins.set({ class: name }, waiting)
  },
})
const oldestWait = gauge({
  name: 'berth_worker_login_oldest_wait_seconds',
  help: 'How long the longest of them has waited',
  labels: ['class'],
  collect: () => {
    oldestWait.reset()
    for (const { name, oldestMs } of readQueues()) oldestWait.set({ class: name }, oldestMs / 1000)
  },
})
/** Has those counted that wait to log in, when the metrics are read. */
export const countLoginQueues = (read: typeof readQueues): void => {
  readQueues = read
}

let readStates: () => string[] = () => []
const sessions = gauge({
  name: 'berth_worker_sessions',
  help: 'Sessions held, by state',
  labels: ['state'],
  collect: () => {
    sessions.reset()
    for (const state of readStates()) sessions.inc({ state })
  },
})
/** Has the held sessions counted, by their states, when the metrics are read. */
export const countSessions = (read: () => string[]): void => {
  readStates = read
}

const lag = monitorEventLoopDelay({ resolution: 10 })
lag.enable()
const lagSeconds = gauge({
  name: 'berth_worker_event_loop_lag_seconds',
  help: 'Greatest delay of the event loop since the last reading',
  collect: () => {
    lagSeconds.set(lag.max / 1e9)
    lag.reset()
  },
})
