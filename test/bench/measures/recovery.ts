/**
 * How sessions come back when many are lost at once: a worker with all of a customer's sessions, half of everything, all
 * connections, WhatsApp itself. A whole Berth, with a few sessions of the other tiers beside the many; no traffic, so that
 * logins are all that there is to do. What the simulator wrote down is what counts.
 */
import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { PodKind } from '@berth/core/model/kind.ts'
import { signal } from '@berth/local/process/identity.ts'
import { connectionsOf } from '../../chaos/collect.ts'
import type { Fault } from '../../chaos/faults/fault.ts'
import { whatsappAway } from '../../chaos/faults/line.ts'
import { endConnections, loseZone } from '../../chaos/faults/mass.ts'
import { type Spread, spread } from '../../chaos/figures.ts'
import { Installation } from '../../chaos/installation.ts'
import { OwnBerth } from '../../chaos/own-berth.ts'
import type { Account, Population, Tenant } from '../../chaos/population.ts'
import { Random } from '../../chaos/random.ts'
import { recoveries } from '../../chaos/recovery.ts'
import { until } from '../../chaos/until.ts'
import { scratchFolder } from '../../scratch.ts'
import { type Curve, curveOf } from '../curve.ts'
import { cpuMs, postgresCpuMs } from '../usage.ts'

export interface Recovery {
  fault: string
  /** Of the customer whose worker it is about. */
  sessions: number
  /** Sessions in all, and those that had to log in anew. */
  all: number
  lost: number
  /** From the fault to the login that lasted, in ms, over the lost ones; null: none was lost. */
  connectedMs: Spread | null
  /** From the fault until all were back. */
  allBackMs: number
  /** Most logins within a second. */
  loginsPerSecond: number
  /** From the fault until all were back, in ms. Of processes that ended meanwhile, what the next one used. */
  cpuMs: { workers: number; operator: number; postgres: number; simulator: number }
  curve: Curve
}

export interface RecoveryOptions {
  /** Sessions of one worker, smallest first. */
  sizes: number[]
  /** For how long WhatsApp is away. */
  awaySeconds: number
}

const LOST_TIMEOUT_MS = 60_000
const BACK_TIMEOUT_MS = 900_000
/** A connection that ends before counts as a failure, and the next one waits. */
const STABLE_MS = 61_000
const STEP_MS = 1_000
/** Sessions of each other tier, as a share of the many. */
const OTHERS = 0.1
const SEED = 1
/** By the names of the tenants. */
const TIERS: Record<string, Tenant['tier']> = { many: 'max', some: 'pro', few: 'basic' }

export async function recovery(
  { sizes, awaySeconds }: RecoveryOptions,
  tell: (line: string) => void,
): Promise<Recovery[]> {
  const measured: Recovery[] = []
  for (const sessions of sizes) {
    const dataDir = await scratchFolder('bench')
    tell(`linking ${populationOf(sessions).accounts.length} sessions, ${sessions} of them on one worker`)
    const berth = await OwnBerth.start(dataDir, () => {})
    const installation = await Installation.start(berth, populationOf(sessions))
    try {
      for (const [name, fault] of Object.entries(faults(awaySeconds * 1_000))) {
        await untilStable(installation)
        measured.push(await measure(installation, sessions, name, fault))
        tell(`  ${name}: all back after ${(measured.at(-1)!.allBackMs / 1000).toFixed(1)} s`)
      }
    } finally {
      await installation.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  }
  return measured
}

/** The many on a worker of their own; the others share workers. */
function populationOf(sessions: number): Population {
  const others = Math.max(1, Math.round(sessions * OTHERS))
  let last = 0
  const account = (tenant: string): Account => {
    const number = String(++last).padStart(8, '0')
    return { tenant, session: `line-${last}`, number: `55119${number}`, contacts: [`55219${number}`] }
  }
  return {
    tenants: Object.entries(TIERS).map(([name, tier]) => ({ name, tier })),
    accounts: [
      ...Array.from({ length: sessions }, () => account('many')),
      ...Array.from({ length: others }, () => account('some')),
      ...Array.from({ length: others }, () => account('few')),
    ],
  }
}

const faults = (awayMs: number): Record<string, Fault<OwnBerth>> => ({
  'process killed': async (installation) => {
    const { name, pid } = await busiest(installation)
    return async () => {
      signal(pid, 'SIGKILL')
      return { at: Date.now(), what: name }
    }
  },
  'pod gone': async (installation) => {
    const { name } = await busiest(installation)
    return async () => {
      const at = Date.now()
      await installation.kube.delete(PodKind, name, { gracePeriodSeconds: 0 })
      return { at, what: name }
    }
  },
  'half gone': loseZone,
  '503 to all': endConnections('503', 1),
  'WhatsApp away': whatsappAway(awayMs, awayMs),
})

const busiest = async (installation: Installation<OwnBerth>) =>
  (await installation.workers()).toSorted((a, b) => b.accounts.length - a.accounts.length)[0]!

async function measure(
  installation: Installation<OwnBerth>,
  sessions: number,
  name: string,
  aim: Fault<OwnBerth>,
): Promise<Recovery> {
  const { accounts, simulator } = installation
  const strike = await aim(installation, new Random(SEED))
  const before = await usage(installation)
  const { at } = await strike()
  await until('connections are lost', LOST_TIMEOUT_MS, async () => {
    return (await connectionsOf(simulator)).some(({ closedAt }) => closedAt !== null && closedAt >= at)
  })
  await untilBack(installation)
  const after = await usage(installation)
  const connections = await connectionsOf(simulator)
  const numbers = new Set(accounts.map(({ number }) => number))
  const back = recoveries({ at, until: Date.now() }, [...numbers], connections, [])
  const lost = back.flatMap(({ connectedMs }) => connectedMs ?? [])
  const allBackMs = Math.max(0, ...lost)
  const tiers = new Map(accounts.map(({ tenant, number }) => [number, TIERS[tenant]!]))
  const curve = curveOf(tiers, connections, { at, until: at + allBackMs + 1, stepMs: STEP_MS })
  const used = (what: 'operator' | 'postgres' | 'simulator') => after[what] - before[what]
  return {
    fault: name,
    sessions,
    all: accounts.length,
    lost: lost.length,
    connectedMs: spread(lost) ?? null,
    allBackMs,
    loginsPerSecond: Math.max(...curve.logins),
    cpuMs: {
      workers: [...after.workers].reduce((sum, [pid, ms]) => sum + ms - (before.workers.get(pid) ?? 0), 0),
      operator: after.operatorPid === before.operatorPid ? used('operator') : after.operator,
      postgres: used('postgres'),
      simulator: used('simulator'),
    },
    curve,
  }
}

/** CPU so far, in ms. */
async function usage(installation: Installation<OwnBerth>) {
  const { berth } = installation
  const workers = await installation.workers()
  const { operator, simulator } = await berth.pids()
  return {
    workers: new Map(workers.map(({ pid }) => [pid, cpuMs(pid)])),
    operatorPid: operator,
    operator: cpuMs(operator!),
    simulator: cpuMs(simulator!),
    postgres: postgresCpuMs(berth.database.pid),
  }
}

const untilBack = (installation: Installation<OwnBerth>): Promise<unknown> =>
  until('all sessions are back', BACK_TIMEOUT_MS, async () => {
    const isBack = (await installation.notConnected()).length === 0
    // Asking has a price: it is not to be what is measured.
    if (!isBack) await delay(STEP_MS)
    return isBack
  })

/** Until every connection has lasted, so that none of the next waits for an earlier failure. */
async function untilStable(installation: Installation<OwnBerth>): Promise<void> {
  await untilBack(installation)
  const open = (await connectionsOf(installation.simulator)).filter(({ closedAt }) => closedAt === null)
  const youngest = Math.max(...open.map(({ loginAt }) => loginAt ?? 0))
  await delay(Math.max(0, youngest + STABLE_MS - Date.now()))
}
