/**
 * The lines between the parts of a Berth on this machine, through which all that they say goes: to Postgres, from workers to
 * WhatsApp, from the operator to the Kubernetes API. A fault hangs one, has it refuse, or makes its watches late.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ApiServer } from './kubernetes-line.ts'

export type TcpName = 'postgres' | 'whatsapp'
export type LineName = TcpName | 'kubernetes'

export type Target = ({ line: 'kubernetes' } & ApiServer) | { line: TcpName; host: string; port: number }

export type Command =
  | { do: 'lay'; target: Target }
  /** `whose`: the number of a process; without it everybody's. */
  | { do: 'hang'; line: LineName; whose?: number }
  | { do: 'refuse'; line: TcpName }
  | { do: 'delayWatches'; ms: number }
  | { do: 'mend'; line: LineName }

const PROCESS = fileURLToPath(new URL('process.ts', import.meta.url))

export class Lines {
  readonly #child: ChildProcess
  #last: Promise<unknown> = Promise.resolve()

  constructor() {
    this.#child = spawn(process.execPath, [PROCESS], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  /** Answers its port on 127.0.0.1. */
  async lay(target: Target): Promise<number> {
    return (await this.#tell({ do: 'lay', target }))!
  }

  /** Nothing comes through, and no connection ends: what a broken network looks like from both sides. */
  async hang(line: LineName, whose?: number): Promise<void> {
    await this.#tell({ do: 'hang', line, ...(whose !== undefined && { whose }) })
  }

  /** Every connection ends, and each new one at once. */
  async refuse(line: TcpName): Promise<void> {
    await this.#tell({ do: 'refuse', line })
  }

  /** What watches tell the operator comes so much later. */
  async delayWatches(ms: number): Promise<void> {
    await this.#tell({ do: 'delayWatches', ms })
  }

  async mend(line: LineName): Promise<void> {
    await this.#tell({ do: 'mend', line })
  }

  /** What still goes through them breaks. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  /** One after the other; answers when it is done. */
  #tell(command: Command): Promise<number | undefined> {
    const answer = this.#last.then(async () => {
      this.#child.send(command)
      const [{ port }] = (await once(this.#child, 'message')) as [{ port?: number }]
      return port
    })
    this.#last = answer
    return answer
  }
}
