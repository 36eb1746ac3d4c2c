/** Bare Baileys in a process of its own, as seen from the bench. */
import { fileURLToPath } from 'node:url'
import { Child } from '../child.ts'
import type { Account, Stage } from '../stage.ts'
import type { Answer, Calls } from './bare-process.ts'
import type { Lag, Side } from './side.ts'

const MAIN = fileURLToPath(import.meta.resolve('./bare-process.ts'))

export class BareSide implements Side {
  readonly name = 'bare'
  readonly #child: Child
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #calls = 0

  private constructor(child: Child) {
    this.#child = child
    child.process.on('message', ({ call, result, error }: Answer) => {
      if (error === undefined) this.#waiting.get(call)?.resolve(result)
      else this.#waiting.get(call)?.reject(new Error(error))
      this.#waiting.delete(call)
    })
    child.process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The process of bare Baileys has ended.'))
    })
  }

  static async start(stage: Stage): Promise<BareSide> {
    const env = { SIMULATOR_URL: stage.simulatorUrl, WEBSOCKET_URL: await stage.websocketUrl() }
    const profiled = stage.profiler?.child
    return new BareSide(new Child(MAIN, { flags: profiled?.flags, env: { ...env, ...profiled?.env }, ipc: true }))
  }

  get pid(): number {
    return this.#child.pid
  }

  link(accounts: Account[]): Promise<void> {
    return this.#call('link', accounts)
  }

  send(perAccount: number): Promise<void> {
    return this.#call('send', perAccount)
  }

  received(): Promise<number> {
    return this.#call('received')
  }

  lag(): Promise<Lag> {
    return this.#call('lag')
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }

  #call<Name extends keyof Calls>(name: Name, ...args: Parameters<Calls[Name]>): ReturnType<Calls[Name]> {
    const call = ++this.#calls
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(call, answer)
    this.#child.process.send({ call, name, args })
    return answer.promise as ReturnType<Calls[Name]>
  }
}
