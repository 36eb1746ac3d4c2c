/** One run's world: servers, hosts, operators, people, and those who watch that nothing is ever wrong. */

import type { KeyRing } from '@berth/core/crypto/seal.ts'
import type { KubeConfig } from '@berth/core/kube/config.ts'
import type { Lease, Pod } from '@berth/core/model/builtin.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { Controllers } from './cluster/controllers.ts'
import { Host } from './cluster/host.ts'
import { Keys } from './invariants/keys.ts'
import { OwnershipAccount } from './invariants/ownership.ts'
import { PlacementAccount } from './invariants/placement.ts'
import { Sockets } from './invariants/sockets.ts'
import { KubeApi } from './kubernetes/api.ts'
import { Watches } from './kubernetes/watches.ts'
import { Network } from './network.ts'
import { People } from './people.ts'
import { Postgres } from './postgres/server.ts'
import { Process } from './process.ts'
import { startOperator } from './processes/operator.ts'
import { Random } from './random.ts'
import type { Script, Who } from './script.ts'
import { Server, type ServerName } from './server.ts'
import type { Surroundings } from './surroundings.ts'
import type { Time } from './time.ts'

const RESTART_MS = [300, 2_500] as const
const BACKUP_MS = 2_000
const MAX_BACKUPS = 15

export interface Wrong {
  invariant: string
  what: string
  at: number
}

export class World implements Surroundings {
  readonly time: Time
  readonly network: Network
  readonly kubernetes: Server
  readonly postgresServer: Server
  readonly api: KubeApi
  readonly watches: Watches
  readonly postgres: Postgres
  readonly sockets: Sockets
  readonly keys: Keys
  readonly ownership: OwnershipAccount
  readonly placement: PlacementAccount
  readonly people: People
  readonly hosts: Host[]
  readonly backups: { at: number; content: ReturnType<KubeApi['backup']> }[] = []
  readonly kubeConfig: KubeConfig = {
    server: 'https://kubernetes.simulated',
    namespace: 'default',
    source: 'simulation',
  }
  readonly keyRing = { sealer: () => ({ seal: asItIs, open: asItIs }) } as unknown as KeyRing
  readonly log: Logger
  /** The first thing that was wrong. */
  wrong: Wrong | undefined
  readonly #random: Random
  readonly #operators = new Map<string, Process>()
  readonly #history: string[] | undefined

  /** `history`: lines are added to it. */
  constructor(script: Script, time: Time, history?: string[]) {
    this.time = time
    this.#history = history
    this.#random = new Random(`world/${script.seed}`)
    this.log = this.#logger()
    const violation = (invariant: string, what: string) => {
      this.wrong ??= { invariant, what, at: this.time.now }
    }
    this.network = new Network(time, (line) => this.note(line))
    this.kubernetes = this.#server('kubernetes')
    this.postgresServer = this.#server('postgres')
    const uids = this.#random.fork('uids')
    this.api = new KubeApi(() => uids.uuid())
    this.watches = new Watches(time, this.network, this.kubernetes, this.api)
    this.keys = new Keys(violation)
    this.ownership = new OwnershipAccount({
      uptime: () => this.postgresServer.uptime,
      violation,
      runs: (boot) => this.runs(boot),
      bootOf: (process) => this.#workers().find((worker) => worker.process === process)?.bootId,
      keys: this.keys,
    })
    const mayGoBack = script.happenings.some((one) => one.do === 'lose commits' || one.do === 'restore Postgres')
    this.postgres = new Postgres(this.network, this.postgresServer, uids.uuid(), this.ownership, mayGoBack)
    this.placement = new PlacementAccount(time, violation, this.api, this.postgres)
    this.sockets = new Sockets(time, violation)
    this.people = new People(this.api, (who) => this.#podAt(who))
    this.hosts = script.hosts.map((name) => new Host(name, this.#random.fork(name), this))
    new Controllers(this, this.hosts)
    for (const name of script.operators) this.#startOperator(name)
    this.#keepBackups()
  }

  note(line: string): void {
    this.#history?.push(`${(this.time.now / 1000).toFixed(3).padStart(8)}  ${line}`)
  }

  /** Is there a process behind this boot that could do something now? */
  runs(boot: string): boolean {
    const process = this.#workers().find(({ bootId }) => bootId === boot)?.process
    return process?.isAlive === true && !process.isPaused
  }

  find(who: Who): Process | undefined {
    if (who.startsWith('worker/')) {
      const name = this.#podAt(who)
      return this.#workers().find(({ process }) => process.isAlive && process.name === name)?.process
    }
    if (who !== 'leader') return this.#operators.get(who)
    const holder = this.api.find<Lease>('leases', 'berth-operator')?.spec?.holderIdentity
    return this.#operators.get(holder?.split('_')[0] ?? '')
  }

  processes = (): Process[] => [
    ...this.#operators.values(),
    ...this.#workers().map(({ process }) => process),
    ...this.hosts.map(({ kubelet }) => kubelet),
  ]

  #workers() {
    return this.hosts.flatMap(({ containers }) => [...containers.values()].flatMap(({ worker }) => worker ?? []))
  }

  /** Pods are counted in the order of their names; beyond the last one from the beginning. */
  #podAt(who: Who): string | undefined {
    const names = this.api
      .list<Pod>('pods')
      .map(({ metadata }) => metadata.name)
      .sort()
    return names[Number(who.split('/')[1]) % Math.max(1, names.length)]
  }

  /** A cluster starts it again when it has ended. */
  #startOperator(name: string): void {
    const random = this.#random.fork(`${name}/${this.time.now}`)
    const clock = { rate: 0.98 + random.next() * 0.04, skewMs: random.between(-2_000, 2_000) }
    const process = new Process(name, random, clock)
    this.#operators.set(name, process)
    process.onDeath(() => {
      this.note(`${name}: dead`)
      this.time.after(random.between(...RESTART_MS), this.kubernetes.process, () => this.#startOperator(name))
    })
    this.time.after(0, process, () => {
      this.note(`${name}: starts`)
      startOperator(process, this)
    })
  }

  #server(name: ServerName): Server {
    return new Server(name, new Process(name, this.#random.fork(name)), this.time)
  }

  #keepBackups(): void {
    this.time.after(BACKUP_MS, this.kubernetes.process, () => {
      this.backups.push({ at: this.time.now, content: this.api.backup() })
      if (this.backups.length > MAX_BACKUPS) this.backups.shift()
      this.#keepBackups()
    })
  }

  /** What processes log is a part of the history. */
  #logger(): Logger {
    const say = (fields: object | string, message?: string) => {
      if (!this.#history) return
      const { err, ...rest } = (typeof fields === 'string' ? {} : fields) as { err?: Error }
      const more = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''
      const text = message ?? (fields as string)
      this.note(`${this.time.process?.name}: "${text}"${more}${err ? ` (${err.message})` : ''}`)
    }
    const quiet = () => {}
    const logger = { info: say, warn: say, error: say, fatal: say, debug: quiet, trace: quiet, child: () => logger }
    return logger as unknown as Logger
  }
}

const asItIs = (_: string, value: Buffer): Buffer => value
