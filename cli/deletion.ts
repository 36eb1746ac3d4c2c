/** One object that is asked to go: finalizers may keep it for a while. */
import type { KubeClient } from '@berth/core/kube/client.ts'
import type { Kind } from '@berth/core/model/kind.ts'
import type { KubeObject } from '@berth/core/model/meta.ts'
import { CliError } from './error.ts'
import { follow } from './follow.ts'
import { nameOf } from './object.ts'

export class Deletion {
  readonly #client: KubeClient
  readonly #kind: Kind
  /** As it was when it was asked to go. One of the same name that comes later is another one. */
  readonly #object: KubeObject

  private constructor(client: KubeClient, kind: Kind, object: KubeObject) {
    this.#client = client
    this.#kind = kind
    this.#object = object
  }

  /** @param force kills a pod instead of letting it stop. Throws KubeError; CliError when there is no such object. */
  static async ask(client: KubeClient, kind: Kind, { metadata }: KubeObject, force: boolean): Promise<Deletion> {
    const { name, namespace } = metadata
    const object = await client.get(kind, name, namespace)
    if (!object) throw new CliError(`${nameOf({ kind: kind.kind, metadata })} is not there.`)
    const grace = force ? { gracePeriodSeconds: 0 } : {}
    await client.delete(kind, name, { namespace, uid: object.metadata.uid, ...grace })
    return new Deletion(client, kind, object)
  }

  async isDone(): Promise<boolean> {
    const { name, namespace } = this.#object.metadata
    return !this.#isSame(await this.#client.get(this.#kind, name, namespace))
  }

  /** Whether it is done before the signal comes. */
  async untilDone(signal: AbortSignal): Promise<boolean> {
    const { name, namespace } = this.#object.metadata
    const selection = { namespace, fieldSelector: `metadata.name=${name}` }
    for await (const change of follow(this.#client, this.#kind, selection, signal)) {
      if (change.type === 'LISTED' ? !this.#isSame(change.objects[0]) : change.type === 'DELETED') return true
    }
    return false
  }

  #isSame(object: KubeObject | undefined): boolean {
    return object !== undefined && object.metadata.uid === this.#object.metadata.uid
  }
}
