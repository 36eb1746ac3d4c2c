/**
 * What a person sees who has only kubectl: `get -w` of workers, sessions and tiers, and the events, line by line as they
 * come, with the seconds since the fault. One file a fault.
 */
import type { ChildProcess } from 'node:child_process'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Kubectl } from './kubectl.ts'

const WATCHED: Record<string, string[]> = {
  tier: ['get', 'tiers', '--watch-only'],
  wkr: ['get', 'workers', '--watch-only'],
  wa: ['get', 'whatsappsessions', '--watch-only'],
  event: [
    ...['get', 'events', '--watch-only', '--no-headers'],
    '--output=custom-columns=T:.type,R:.reason,K:.involvedObject.kind,N:.involvedObject.name,M:.message',
  ],
}
/** A watch that ended, such as with the API server, is begun again after that. */
const AGAIN_MS = 1_000

export class Story {
  readonly #kubectl: Kubectl
  readonly #folder: string
  readonly #stopping = new AbortController()
  readonly #children = new Set<ChildProcess>()
  #file: string | undefined
  #since = Date.now()
  #writing: Promise<void> = Promise.resolve()

  constructor(kubectl: Kubectl, folder: string) {
    this.#kubectl = kubectl
    this.#folder = folder
  }

  async start(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    for (const [title, args] of Object.entries(WATCHED)) void this.#follow(title, args)
  }

  /** What comes from now on belongs to it. */
  chapter(name: string): void {
    this.#since = Date.now()
    this.#file = join(this.#folder, `${name}.txt`)
    const file = this.#file
    this.#writing = this.#writing.then(() => writeFile(file, `${name}, seconds since it began\n`))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const child of this.#children) child.kill()
    await this.#writing
  }

  async #follow(title: string, args: string[]): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const child = this.#kubectl.start(args)
      this.#children.add(child)
      for await (const line of createInterface({ input: child.stdout! })) this.#write(title, line)
      this.#children.delete(child)
      await delay(AGAIN_MS, undefined, { signal }).catch(() => {})
    }
  }

  #write(title: string, line: string): void {
    const file = this.#file
    if (!file) return
    const seconds = ((Date.now() - this.#since) / 1000).toFixed(1)
    this.#writing = this.#writing.then(() => appendFile(file, `${seconds.padStart(6)} ${title.padEnd(5)} ${line}\n`))
  }
}
