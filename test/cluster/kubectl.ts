/** kubectl, as a person has it who looks after one installation. */
import { type ChildProcess, spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { run } from '@berth/cluster/command.ts'

const MANAGER = 'kubectl'

export class Kubectl {
  readonly namespace: string
  readonly #file: string
  readonly #options: string[]

  constructor(file: string, kubeconfig: string, namespace: string) {
    this.namespace = namespace
    this.#file = file
    this.#options = ['--kubeconfig', kubeconfig, '--namespace', namespace]
  }

  /** Answers what it printed. Throws with its own words. */
  run(args: string[]): Promise<string> {
    return run(this.#file, [...this.#options, ...args])
  }

  async json<T>(args: string[]): Promise<T> {
    return JSON.parse(await this.run([...args, '--output=json'])) as T
  }

  async apply(objects: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
    const args = ['apply', '--server-side', `--field-manager=${MANAGER}`, '--filename=-']
    await run(this.#file, [...this.#options, ...args], Readable.from(input))
  }

  /** One that goes on until it is killed, such as a watch. */
  start(args: string[]): ChildProcess {
    return spawn(this.#file, [...this.#options, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  }
}
