/**
 * Calls from processes to the two servers. Each call is an effect: a point at which its process can die, before or after it
 * is carried out, or at which the answer is lost, as all are that are under way when the server goes down. Edges between a
 * process and a server can be cut.
 */
import type { Process } from './process.ts'
import type { Server, ServerName } from './server.ts'
import type { Time } from './time.ts'

/** What befalls an effect. `lose`: it is carried out, and the answer does not come. `late`: long after it was given up. */
export type Mishap = 'crash-before' | 'crash-after' | 'lose' | 'late'

export interface Call<T> {
  what: string
  timeoutMs: number
  carryOut: () => T
  /** The caller's error: nobody there, or no answer in time. */
  fail: (why: 'refused' | 'timeout') => Error
}

/** Something is asked of a server that the simulated one does not have. */
export class NotSimulated extends Error {
  override name = 'NotSimulated'
}

const LATE_MS = [2_000, 20_000] as const

export class Network {
  readonly #time: Time
  /** `<process>-<server>` → how many have cut it. */
  readonly #cuts = new Map<string, number>()
  readonly #traps = new Map<Process, Map<number, Mishap>>()
  readonly #note: (line: string) => void

  constructor(time: Time, note: (line: string) => void) {
    this.#time = time
    this.#note = note
  }

  cut(process: string, server: ServerName): void {
    const edge = `${process}-${server}`
    this.#cuts.set(edge, (this.#cuts.get(edge) ?? 0) + 1)
  }

  mend(process: string, server: ServerName): void {
    const edge = `${process}-${server}`
    this.#cuts.set(edge, (this.#cuts.get(edge) ?? 1) - 1)
  }

  mendAll(): void {
    this.#cuts.clear()
    this.#traps.clear()
  }

  isCut(process: Process, server: Server): boolean {
    return (this.#cuts.get(`${process.name}-${server.name}`) ?? 0) > 0
  }

  /** The process' `nth` call from now on meets with this. */
  trap(process: Process, nth: number, mishap: Mishap): void {
    const traps = this.#traps.get(process) ?? new Map<number, Mishap>()
    this.#traps.set(process, traps.set(process.effects + nth, mishap))
  }

  call<T>(process: Process, server: Server, call: Call<T>): Promise<T> {
    const time = this.#time
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (!process.isAlive) return promise
    const mishap = this.#mishap(process)
    if (mishap) this.#note(`${process.name}: ${mishap} at ${call.what}`)
    if (mishap === 'crash-before') {
      process.kill()
      return promise
    }
    const latency = () => 0.2 + process.random.next() ** 3 * 8
    const giveUp = () => {
      time.after(call.timeoutMs / process.clock.rate, process, () => reject(call.fail('timeout')))
    }
    const answer = (settle: () => void) => {
      const { run } = server
      const refused = () => reject(call.fail('refused'))
      if (mishap === 'crash-after') process.kill()
      else if (mishap || this.isCut(process, server)) giveUp()
      else time.after(latency(), process, () => (server.run === run ? settle() : refused()))
    }
    const travelMs = mishap === 'late' ? process.random.between(...LATE_MS) : latency()
    // The server carries it out also when the caller has died meanwhile.
    time.after(travelMs, server.process, () => {
      if (this.isCut(process, server)) return giveUp()
      if (!server.isUp) {
        time.after(latency(), process, () => reject(call.fail('refused')))
        return
      }
      try {
        const value = call.carryOut()
        answer(() => resolve(value))
      } catch (error) {
        if (error instanceof NotSimulated) throw error
        answer(() => reject(error as Error))
      }
    })
    return promise
  }

  #mishap(process: Process): Mishap | undefined {
    process.effects++
    const traps = this.#traps.get(process)
    const mishap = traps?.get(process.effects)
    traps?.delete(process.effects)
    return mishap
  }
}
