/** One Helm release: our chart, in a namespace of its own. */
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { run } from '@berth/cluster/command.ts'
import { clone } from '@berth/local/clone.ts'

const CHART = join(clone, 'charts/berth')
const TIMEOUT = '5m'

export class Release {
  readonly name: string
  readonly #file: string
  readonly #options: string[]

  constructor(file: string, kubeconfig: string, namespace: string, name: string) {
    this.name = name
    this.#file = file
    this.#options = ['--kubeconfig', kubeconfig, '--namespace', namespace]
  }

  /** @param files values files beside the chart's own, by their names in its folder */
  install(values: object, files: string[] = []): Promise<string> {
    return this.#apply(['install', this.name, CHART, '--create-namespace'], values, files)
  }

  upgrade(values: object, files: string[] = []): Promise<string> {
    return this.#apply(['upgrade', this.name, CHART], values, files)
  }

  /** To the revision before. */
  rollback(): Promise<string> {
    return this.#run(['rollback', this.name, '--wait', '--timeout', TIMEOUT])
  }

  /** @param withHooks false: whatever they would do first */
  uninstall(withHooks = true): Promise<string> {
    const hooks = withHooks ? [] : ['--no-hooks']
    return this.#run(['uninstall', this.name, '--ignore-not-found', '--wait', '--timeout', TIMEOUT, ...hooks])
  }

  #apply(args: string[], values: object, files: string[]): Promise<string> {
    const given = files.flatMap((file) => ['--values', join(CHART, file)])
    return this.#run([...args, '--wait', '--timeout', TIMEOUT, ...given, '--values', '-'], JSON.stringify(values))
  }

  #run(args: string[], input?: string): Promise<string> {
    return run(this.#file, [...this.#options, ...args], input === undefined ? undefined : Readable.from(input))
  }
}
