/** The figures as a person reads them. */
import { availableParallelism, cpus, loadavg } from 'node:os'
import type { Spread } from '../chaos/figures.ts'
import type { BenchResult } from './bench.ts'
import { sparkline } from './curve.ts'
import type { Ack } from './measures/ack.ts'
import type { Expiry } from './measures/expiry.ts'
import type { Hop } from './measures/hop.ts'
import type { Idle } from './measures/idle.ts'
import type { Moves } from './measures/moves.ts'
import type { Place } from './measures/place.ts'
import type { Planning } from './measures/planner.ts'
import type { Recovery } from './measures/recovery.ts'
import type { Traffic } from './measures/traffic.ts'
import type { Webhooks } from './measures/webhooks.ts'
import type { Profile } from './profile/profiler.ts'
import type { SelfTime } from './profile/summary.ts'
import type { Commits } from './sides/metrics.ts'

/** On what it was measured. */
export const machine = () => ({
  cores: availableParallelism(),
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.version,
  /** The average of the last minute: more than the bench itself makes, and others ran too. */
  load: loadavg()[0]!,
})

export function resultLines(result: BenchResult): string[] {
  const { receive, send, idle, hop, ack, expiry, place, planner } = result
  const { cores, cpu, node, load } = machine()
  return [
    `${cores} cores (${cpu}), Node ${node}, Postgres with fsync and synchronous_commit, load ${load.toFixed(1)}`,
    'Against the simulator, which shares the machine: none of this is a figure of WhatsApp.',
    ...section('receive: a burst, held back and let go', [...receive.flatMap(trafficLines), ...shareLine(receive)]),
    ...section("send: until the server's ack", [...send.flatMap(trafficLines), ...shareLine(send)]),
    ...section('idle: a new process with all sessions in Postgres', idle.map(idleLine)),
    ...section('hop: a read at a fixed rate', hop.map(hopLine)),
    ...section("ack: from a POST to the server's ack, at a fixed rate", ack.flatMap(ackLines)),
    ...section('webhooks: what has piled up, then at a fixed rate', result.webhooks.flatMap(webhooksLines)),
    ...section('expiry: all sessions log in, all cores are busy', expiry.map(expiryLine)),
    ...section('place: an operator that finds everything to be done', place.flatMap(placeLines)),
    ...section(
      'recovery: many sessions lost at once; a bar is a share of the connected',
      recoveryLines(result.recovery),
    ),
    ...section('moves: nothing is broken, all cores are busy twice over', result.moves.map(movesLine)),
    ...section('planner: the CPU of one plan', planner.map(planningLine)),
  ]
}

const section = (title: string, lines: string[]): string[] => (lines.length > 0 ? ['', title, ...lines] : [])

const trafficLine = ({ side, messages, perSecond, cpu, lag, commits }: Traffic): string =>
  [
    `  ${side.padEnd(6)} ${messages} messages, ${perSecond.toFixed(0)}/s`,
    `CPU ms each: ${cpu.process.toFixed(2)}, Postgres ${cpu.postgres.toFixed(2)}, simulator ${cpu.simulator.toFixed(2)}`,
    `event loop p99 ${lag.p99.toFixed(0)}, max ${lag.max.toFixed(0)} ms`,
    ...(commits
      ? [
          `${commits.count} commits of ${(messages / commits.count).toFixed(1)} messages, ` +
            `p50 <= ${commits.p50AtMost}, p99 <= ${commits.p99AtMost} ms`,
          `rows of a commit: ${rowsLine(commits)}`,
        ]
      : []),
  ].join('; ')

const rowsLine = ({ count, rows }: Commits): string =>
  Object.entries(rows)
    .map(([kind, total]) => `${(total / count).toFixed(1)} ${kind}`)
    .join(', ')

const trafficLines = (traffic: Traffic): string[] => [
  trafficLine(traffic),
  ...(traffic.profile ? profileLines(traffic.profile, traffic.messages) : []),
]

/** The worker beside bare Baileys, when both were measured. */
function shareLine(sides: Traffic[]): string[] {
  const [bare, worker] = [sides.find(({ side }) => side === 'bare'), sides.find(({ side }) => side === 'worker')]
  if (!bare || !worker) return []
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`
  return [
    `  worker as a share of bare: ${percent(worker.perSecond / bare.perSecond)} of the rate, ` +
      `${percent(worker.cpu.process / bare.cpu.process)} of the CPU, without Postgres`,
  ]
}

const PACKAGES_SHOWN = 14
const FUNCTIONS_SHOWN = 30

function profileLines({ file, busyMs, packages, functions }: Profile, messages: number): string[] {
  const line = ({ name, ms }: SelfTime) =>
    `    ${((100 * ms) / busyMs).toFixed(1).padStart(5)} %  ${((1000 * ms) / messages).toFixed(0).padStart(4)} us  ${name}`
  return [
    `    ${file}: ${((1000 * busyMs) / messages).toFixed(0)} us a message, of which by package and by function`,
    ...packages.slice(0, PACKAGES_SHOWN).map(line),
    '    --',
    ...functions.slice(0, FUNCTIONS_SHOWN).map(line),
  ]
}

const idleLine = ({ sessions, allConnectedMs, cpuMs, rssBytes, rssBytesPerSession }: Idle): string =>
  `  ${sessions} sessions: all connected after ${(allConnectedMs / 1000).toFixed(1)} s ` +
  `(${(cpuMs / 1000).toFixed(1)} s of CPU); RSS ${(rssBytes / 2 ** 20).toFixed(0)} MB, ` +
  `${(rssBytesPerSession / 1024).toFixed(0)} KB a session`

const hopLine = ({ way, perSecond, latency }: Hop): string => spreadLine(way, perSecond, latency)

const ackLines = ({ sessions, perSecond, answered, acked }: Ack): string[] => [
  spreadLine('stored and answered', perSecond, answered),
  spreadLine(`WhatsApp has it, ${sessions} sessions`, perSecond, acked),
]

const webhooksLines = ({ endpoints, hanging, deliveries, perSecond, latency, rate }: Webhooks): string[] => {
  const what = `${endpoints} endpoints${hanging > 0 ? `, ${hanging} of them hang` : ''}`
  return [
    `  ${what.padEnd(34)} ${deliveries} deliveries, ${perSecond.toFixed(0)}/s`,
    ...(latency ? [spreadLine('from commit to receiver', rate.perSecond, latency)] : []),
  ]
}

const spreadLine = (what: string, perSecond: number, { p50, p99, max }: Spread): string =>
  `  ${what.padEnd(34)} ${perSecond}/s: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms`

const expiryLine = ({ sessions, seconds, connected, revoked, renewals, worstGapMs }: Expiry): string =>
  `  ${sessions} sessions, ${seconds} s: ${revoked} leases revoked though alive; ${renewals} renewals, ` +
  `${(worstGapMs / 1000).toFixed(1)} s apart at most; ${connected} connected in the end`

const placeLines = (measured: Place): string[] => {
  const { kubernetes, sessions, tenants, workers, allPlacedMs, allReadyMs, drained } = measured
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`
  return [
    `  ${sessions} sessions of ${tenants} tenants on ${workers} stand-ins for workers, ${kubernetes}: ` +
      `all placed after ${seconds(allPlacedMs)}, all Ready after ${seconds(allReadyMs)}`,
    `  the operator: ${seconds(measured.cpuMs)} of CPU until then, at most ${(measured.peakRssBytes / 2 ** 20).toFixed(0)} MB; ` +
      `${(100 * measured.idleCpu).toFixed(0)} % of a core while nothing happens`,
    spreadLine('one more session, until placed', 1, measured.one),
    `  a worker drained: its ${drained.sessions} sessions Ready elsewhere after ${seconds(drained.ms)}`,
  ]
}

const planningLine = ({ what, sessions, actions, times: { p50, p99, max } }: Planning): string =>
  `  ${what.padEnd(34)} ${sessions} sessions, ${actions} actions: p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} ms`

function recoveryLines(all: Recovery[]): string[] {
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  return all.flatMap(({ fault, sessions, lost, connectedMs, allBackMs, loginsPerSecond, cpuMs, curve }) => [
    `  ${fault}, ${sessions} on a worker: ${lost} lost; connected again after ` +
      `${connectedMs ? [connectedMs.p50, connectedMs.p99, connectedMs.max].map(seconds).join(' / ') : '–'} s ` +
      `(p50 / p99 / max), all after ${seconds(allBackMs)} s; at most ${loginsPerSecond} logins a second`,
    `    CPU s: workers ${seconds(cpuMs.workers)}, operator ${seconds(cpuMs.operator)}, ` +
      `Postgres ${seconds(cpuMs.postgres)}, simulator ${seconds(cpuMs.simulator)}`,
    ...Object.entries(curve.connected).map(
      ([group, values]) => `    ${group.padEnd(6)}${sparkline(values, curve.of[group]!)}  of ${curve.of[group]}`,
    ),
  ])
}

const movesLine = ({ sessions, workers, seconds, busy, moved, revoked, disconnected, messages }: Moves): string =>
  `  ${sessions} sessions on ${workers} workers, ${messages} messages, ${busy} busy processes for ${seconds} s: ` +
  `${moved} moved, ${revoked} workers taken for dead, ${disconnected} connections lost`
