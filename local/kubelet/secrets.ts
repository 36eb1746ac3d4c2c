/**
 * Secrets as the API last showed them: while it does not answer, a container is started again with what is known, as the
 * kubelet of Kubernetes does.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Secret } from '@berth/core/model/builtin.ts'

/** Long for an API on the same machine. */
const ANSWER_MS = 500

type Read = (namespace: string, name: string) => Promise<Secret | undefined>

export class Secrets {
  readonly #read: Read
  readonly #known = new Map<string, Secret>()

  constructor(read: Read) {
    this.#read = read
  }

  /** undefined: there is none. Rejects when the API does not answer and never showed it. */
  async get(namespace: string, name: string): Promise<Secret | undefined> {
    const place = `${namespace}/${name}`
    const reading = this.#read(namespace, name).then((secret) => {
      if (secret) this.#known.set(place, secret)
      else this.#known.delete(place)
      return secret
    })
    const known = this.#known.get(place)
    if (!known) return reading
    return Promise.race([reading.catch(() => known), delay(ANSWER_MS, known)])
  }
}
