/** Faults of the lines between the parts: half open, refused, or late. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Fault, ownBerth, since } from './fault.ts'
import { anyWorker, struck } from './worker.ts'

/** It can't say that it lives, so its sessions go elsewhere; what it had said before the end comes through when it is mended. */
export const cutFromPostgres: Fault = async (installation, random) => {
  const { lines } = ownBerth(installation).surroundings
  const worker = await anyWorker(installation, random)
  const ms = random.between(10_000, 20_000)
  return async () => {
    const at = Date.now()
    await lines.hang('postgres', worker.pid)
    await delay(ms)
    await lines.mend('postgres')
    const frozen = { accounts: worker.accounts, from: at, until: Date.now() }
    return { ...struck(worker, at, ` from Postgres, for ${since(at)}`), frozen }
  }
}

/** A worker's connections to WhatsApp stay open, and nothing comes through. */
export const cutFromWhatsapp: Fault = async (installation, random) => {
  const { lines } = ownBerth(installation).surroundings
  const worker = await anyWorker(installation, random)
  const ms = random.between(5_000, 20_000)
  return async () => {
    const at = Date.now()
    await lines.hang('whatsapp', worker.pid)
    await delay(ms)
    await lines.mend('whatsapp')
    return struck(worker, at, ` from WhatsApp, for ${since(at)}`)
  }
}

/** The operator asks and gets no answer: it can't hold its lease, and leads again when it can. */
export const cutOperatorFromKubernetes: Fault = async (installation, random) => {
  const { lines } = ownBerth(installation).surroundings
  const ms = random.between(8_000, 15_000)
  return async () => {
    const at = Date.now()
    await lines.hang('kubernetes')
    await delay(ms)
    await lines.mend('kubernetes')
    return { at, what: `the operator from Kubernetes, for ${since(at)}` }
  }
}

/** WhatsApp's side is gone for everybody: connections end, and new ones are refused. */
export const whatsappAway =
  (leastMs: number, mostMs: number): Fault =>
  async (installation, random) => {
    const { lines } = ownBerth(installation).surroundings
    const ms = random.between(leastMs, mostMs)
    return async () => {
      const at = Date.now()
      await lines.refuse('whatsapp')
      await delay(ms)
      await lines.mend('whatsapp')
      return { at, what: `WhatsApp, for ${since(at)}` }
    }
  }

/** What the operator sees is seconds old, while other things happen. */
export const staleWatches =
  (meanwhile: Fault): Fault =>
  async (installation, random) => {
    const { lines } = ownBerth(installation).surroundings
    const strike = await meanwhile(installation, random)
    const lateMs = random.between(2_000, 4_000)
    const ms = random.between(10_000, 15_000)
    return async () => {
      await lines.delayWatches(lateMs)
      const [struck] = await Promise.all([strike(), delay(ms)])
      await lines.mend('kubernetes')
      return { ...struck, what: `${struck.what}, while watches were ${lateMs / 1000} s late` }
    }
  }
