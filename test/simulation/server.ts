/** One of the two servers, as the network sees it: there, or refusing connections. */
import type { Process } from './process.ts'
import type { Time } from './time.ts'

export type ServerName = 'kubernetes' | 'postgres'

export class Server {
  readonly name: ServerName
  /** In whose name it carries requests out. */
  readonly process: Process
  readonly #time: Time
  #downSince: number | undefined
  #downMs = 0
  /** Raised whenever its connections break. */
  run = 1

  constructor(name: ServerName, process: Process, time: Time) {
    this.name = name
    this.process = process
    this.#time = time
  }

  get isUp(): boolean {
    return this.#downSince === undefined
  }

  /** How long it has been there so far, in true milliseconds. */
  get uptime(): number {
    return (this.#downSince ?? this.#time.now) - this.#downMs
  }

  goDown(): void {
    this.#downSince ??= this.#time.now
    this.run++
  }

  comeUp(): void {
    if (this.#downSince === undefined) return
    this.#downMs += this.#time.now - this.#downSince
    this.#downSince = undefined
  }
}
