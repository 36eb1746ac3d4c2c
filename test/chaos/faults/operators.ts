/** Faults of who leads: two that both believe it, and one that is killed again and again between its writes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { LeaseKind, PodKind, TenantKind, TierKind, WorkerKind } from '@berth/core/model/kind.ts'
import { OPERATOR_LEASE } from '@berth/local/control-plane.ts'
import { signal } from '@berth/local/process/identity.ts'
import type { Installation } from '../installation.ts'
import type { OwnBerth } from '../own-berth.ts'
import type { Random } from '../random.ts'
import { until } from '../until.ts'
import { type Fault, ownBerth, since } from './fault.ts'
import { anyWorker } from './worker.ts'

const TIMEOUT_MS = 60_000
/** For which both act. */
const TOGETHER_MS = 5_000
const SECOND = 'operator-second'
const MANAGER = 'chaos'

/**
 * The leader stands still until a second operator leads, and goes on at the moment in which a pod is lost: both believe that
 * they lead, and both have something to do.
 */
export const twoLeaders: Fault = async (installation, random) => {
  const first = await operatorOf(ownBerth(installation))
  const worker = await anyWorker(installation, random)
  return async () => {
    const at = Date.now()
    const second = startLike(first, SECOND)
    try {
      signal(first, 'SIGSTOP')
      await untilLeads(installation, SECOND)
      await installation.kube.delete(PodKind, worker.name, { gracePeriodSeconds: 0 })
      signal(first, 'SIGCONT')
      await delay(TOGETHER_MS)
    } finally {
      signal(first, 'SIGCONT')
      await end(second, 'SIGTERM')
    }
    return { at, what: `two operators, and ${worker.name} (${worker.accounts.length} sessions) lost` }
  }
}

/**
 * While specs change all the time, the leader is killed at moments that nobody chose, and the next one goes on from what is
 * written. In the end all specs are as they were.
 */
export const operatorStorm: Fault = async (installation, random) => {
  const berth = ownBerth(installation)
  const model = await operatorOf(berth)
  const kills = random.between(4, 7)
  const moments = Array.from({ length: kills }, () => random.between(0, 1_500))
  return async () => {
    const at = Date.now()
    const changes = new Changes(installation, random)
    const changing = changes.run()
    changing.catch(() => {}) // thrown when it is waited for
    try {
      // Ours take the lead in turn: the installation's own waits until its turn comes.
      signal(model, 'SIGSTOP')
      for (const [i, ms] of moments.entries()) {
        const name = `operator-${i + 1}`
        const operator = startLike(model, name)
        await freeLease(installation)
        await untilLeads(installation, name)
        await delay(ms)
        await end(operator, 'SIGKILL')
      }
    } finally {
      changes.stop()
      await changing
      await freeLease(installation)
      signal(model, 'SIGCONT')
    }
    return { at, what: `${kills} operators, under ${changes.made} changes of specs, for ${since(at)}` }
  }
}

const operatorOf = (berth: OwnBerth): Promise<number> =>
  until('operator runs', TIMEOUT_MS, async () => (await berth.pids()).operator)

/** A process like that one, under another name, on a port that is free. Linux only. */
function startLike(pid: number, podName: string): ChildProcess {
  const [file, ...args] = nulTerminated(`/proc/${pid}/cmdline`)
  const variables = nulTerminated(`/proc/${pid}/environ`).map((line) => line.split(/=(.*)/s).slice(0, 2))
  const env = { ...Object.fromEntries(variables), POD_NAME: podName, PORT: '0' }
  const child = spawn(file!, args, { env, stdio: 'ignore' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

const nulTerminated = (file: string): string[] => readFileSync(file, 'utf8').split('\0').slice(0, -1)

async function end(child: ChildProcess, how: NodeJS.Signals): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
  child.kill(how)
  await ended
}

async function untilLeads({ kube }: Installation, podName: string): Promise<void> {
  await until(`${podName} leads`, TIMEOUT_MS, async () => {
    const holder = (await kube.get(LeaseKind, OPERATOR_LEASE))?.spec?.holderIdentity
    return holder?.startsWith(`${podName}_`)
  })
}

/** Who held it is known to be dead, or to stand still. */
const freeLease = ({ kube }: Installation): Promise<unknown> =>
  until('the lease is free', TIMEOUT_MS, () =>
    kube.mergePatch(LeaseKind, OPERATOR_LEASE, { spec: { holderIdentity: '' } }, { manager: MANAGER }),
  )

const CHANGE_EVERY_MS = 150

/** Changes of specs, one after the other; each is undone in the end. */
class Changes {
  made = 0
  readonly #installation: Installation
  readonly #random: Random
  readonly #stopping = new AbortController()

  constructor(installation: Installation, random: Random) {
    this.#installation = installation
    this.#random = random
  }

  /** Until it is stopped; resolves when all is as it was. */
  async run(): Promise<void> {
    const { kube } = this.#installation
    const tenants = [...new Set(this.#installation.accounts.map(({ tenant }) => tenant))]
    const before = await Promise.all(tenants.map((name) => kube.get(TenantKind, name)))
    const tiers = (await kube.list(TierKind)).items
    while (!this.#stopping.signal.aborted) {
      await this.#change(
        tenants,
        tiers.map(({ metadata }) => metadata.name!),
      )
      this.made += 1
      await delay(CHANGE_EVERY_MS)
    }
    const options = { manager: MANAGER }
    for (const tenant of before) {
      await kube.mergePatch(TenantKind, tenant!.metadata.name!, { spec: { tier: tenant!.spec.tier } }, options)
    }
    for (const { metadata, spec } of tiers) {
      await kube.mergePatch(TierKind, metadata.name!, { spec: { workers: { spare: spec.workers.spare } } }, options)
    }
    for (const { metadata } of (await kube.list(WorkerKind)).items) await this.#setWorker(metadata.name!, 'Active')
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #change(tenants: string[], tiers: string[]): Promise<void> {
    const { kube } = this.#installation
    const random = this.#random
    const options = { manager: MANAGER }
    switch (random.between(1, 3)) {
      case 1:
        await kube.mergePatch(TenantKind, random.pick(tenants), { spec: { tier: random.pick(tiers) } }, options)
        break
      case 2:
        await kube.mergePatch(
          TierKind,
          random.pick(tiers),
          { spec: { workers: { spare: random.between(0, 2) } } },
          options,
        )
        break
      default: {
        const workers = (await kube.list(WorkerKind)).items.map(({ metadata }) => metadata.name!)
        if (workers.length > 0)
          await this.#setWorker(random.pick(workers), random.pick(['Active', 'Cordoned', 'Drained']))
      }
    }
  }

  /** It may be gone by now. */
  async #setWorker(name: string, desiredState: 'Active' | 'Cordoned' | 'Drained'): Promise<void> {
    const { kube } = this.#installation
    await kube.mergePatch(WorkerKind, name, { spec: { desiredState } }, { manager: MANAGER }).catch(async (error) => {
      if (await kube.get(WorkerKind, name)) throw error
    })
  }
}
