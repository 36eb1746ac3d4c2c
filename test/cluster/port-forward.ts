/** `kubectl port-forward`: a Service of the cluster at an address of this machine, for as long as it is open. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Kubectl } from './kubectl.ts'

export class PortForward {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /** @param target such as service/berth-gateway */
  static async open(kubectl: Kubectl, target: string, port: number): Promise<PortForward> {
    const child = kubectl.start(['port-forward', target, `:${port}`])
    for await (const line of createInterface({ input: child.stdout! })) {
      const local = /^Forwarding from (127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (!local) continue
      child.stdout!.resume()
      return new PortForward(`http://${local}`, child)
    }
    throw new Error(`kubectl port-forward ${target} ended before it was open.`)
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill()
    await gone
  }
}
