/**
 * What befalls an operator right before one of its writes. It dies: from then on nothing gets out and nothing comes back; what was
 * under way arrives, as it may. Or it stands still, and goes on later as if nothing had been.
 */
import { type ClientOptions, KubeClient } from '@berth/core/kube/client.ts'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import type { Database } from '@berth/operator/database.ts'

/** Neither says what is to be: who leads, and what people are told. */
const ASIDE = /\/(leases|events)\b/

export abstract class Fate {
  readonly #before: number
  readonly #happened = Promise.withResolvers<void>()
  protected hasHappened = false
  /** What was written until then, in order; by who goes on, after that too. */
  readonly writes: string[] = []

  /** `before`: which write, counted from 0. */
  constructor(before: number) {
    this.#before = before
  }

  get happened(): Promise<void> {
    return this.#happened.promise
  }

  /** Called before anything goes out, and after anything came back. */
  protected abstract pass(): Promise<void>

  async write<T>(what: string, act: () => Promise<T>): Promise<T> {
    if (!this.hasHappened && this.writes.length >= this.#before) {
      this.hasHappened = true
      this.#happened.resolve()
    }
    return this.read(() => {
      this.writes.push(what)
      return act()
    })
  }

  async read<T>(act: () => Promise<T>): Promise<T> {
    await this.pass()
    const answer = await act()
    await this.pass()
    return answer
  }
}

export class Death extends Fate {
  protected async pass(): Promise<void> {
    if (this.hasHappened) throw new Error('this operator is dead')
  }
}

export class Pause extends Fate {
  readonly #end = Promise.withResolvers<void>()

  protected async pass(): Promise<void> {
    if (this.hasHappened) await this.#end.promise
  }

  end(): void {
    this.#end.resolve()
  }
}

export class FatefulClient extends KubeClient {
  readonly #fate: Fate

  constructor(config: KubeConfig, options: ClientOptions, fate: Fate) {
    super(config, options)
    this.#fate = fate
  }

  override request<T>(...[method, path, options]: Parameters<KubeClient['request']>): Promise<T> {
    const act = () => super.request<T>(method, path, options)
    if (method === 'GET' || ASIDE.test(path)) return this.#fate.read(act)
    return this.#fate.write(`${method} ${path}`, act)
  }
}

const READS = new Set(['poll', 'load'])

/** The same database for an operator with a fate, down to the parts of a lead. */
export const fatefulDatabase = (database: Database, fate: Fate): Database => fateful(database, fate)

function fateful<T extends object>(target: T, fate: Fate): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object)
      if (typeof value === 'object' && value !== null) return fateful(value, fate)
      if (typeof value !== 'function') return value
      return async (...parameters: unknown[]) => {
        const act = async () => value.apply(object, parameters)
        if (READS.has(String(name))) return fate.read(act)
        const answer = await fate.write(String(name), act)
        return name === 'takeLead' ? fateful(answer, fate) : answer
      }
    },
  })
}
