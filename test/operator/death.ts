/**
 * The death of an operator's process right before one of its writes: from then on nothing gets out and nothing comes back.
 * What was under way arrives, as it may.
 */
import { type ClientOptions, KubeClient } from '@berth/core/kube/client.ts'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import type { Database } from '@berth/operator/database.ts'

/** Neither says what is to be: who leads, and what people are told. */
const ASIDE = /\/(leases|events)\b/

export class Death {
  readonly #before: number
  readonly #happened = Promise.withResolvers<void>()
  #isOver = false
  /** What was written until then, in order. */
  readonly writes: string[] = []

  /** `before`: which write, counted from 0. */
  constructor(before: number) {
    this.#before = before
  }

  get happened(): Promise<void> {
    return this.#happened.promise
  }

  async write<T>(what: string, act: () => Promise<T>): Promise<T> {
    if (this.writes.length >= this.#before) {
      this.#isOver = true
      this.#happened.resolve()
    }
    return this.read(() => {
      this.writes.push(what)
      return act()
    })
  }

  async read<T>(act: () => Promise<T>): Promise<T> {
    this.#throwIfOver()
    const answer = await act()
    this.#throwIfOver()
    return answer
  }

  #throwIfOver(): void {
    if (this.#isOver) throw new Error('this operator is dead')
  }
}

export class MortalClient extends KubeClient {
  readonly #death: Death

  constructor(config: KubeConfig, options: ClientOptions, death: Death) {
    super(config, options)
    this.#death = death
  }

  override request<T>(...[method, path, options]: Parameters<KubeClient['request']>): Promise<T> {
    const act = () => super.request<T>(method, path, options)
    if (method === 'GET' || ASIDE.test(path)) return this.#death.read(act)
    return this.#death.write(`${method} ${path}`, act)
  }
}

const READS = new Set(['poll', 'load'])

/** The same database for an operator that may die, down to the parts of a lead. */
export const mortalDatabase = (database: Database, death: Death): Database => mortal(database, death)

function mortal<T extends object>(target: T, death: Death): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value === 'object' && value !== null) return mortal(value, death)
      if (typeof value !== 'function') return value
      return async (...parameters: unknown[]) => {
        const act = async () => value.apply(object, parameters)
        if (READS.has(String(name))) return death.read(act)
        const answer = await death.write(String(name), act)
        return name === 'takeLead' ? mortal(answer, death) : answer
      }
    },
  })
}
