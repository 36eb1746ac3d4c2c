/**
 * The open commands of one session, carried out one after another. What needs a connection waits for it; what needs a link, and
 * there is none any more, fails. One that was carried out and not written as done is carried out again: none does harm twice.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { ReadInput } from '@berth/core/model/command.ts'
import type { ConnectionState } from '@berth/core/model/session.ts'
import type { CommandRow } from '@berth/core/postgres/auth-state.ts'
import type { SessionRows } from '@berth/core/postgres/commit.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import { type Driver, isOnline, isResting } from '../drivers/driver.ts'

type Outcome = Omit<SessionRows['commands'][number], 'id'>

export interface Situation {
  state: ConnectionState
  /** An account is known and was not logged out. */
  linked: boolean
  driver: Pick<Driver, 'logout' | 'markRead'>
}

export interface CommandsHost {
  /** Undefined: nothing may be begun now. */
  situation(): Situation | undefined
  /** Resolves when durable. */
  write(command: SessionRows['commands'][number]): Promise<void>
  log: Logger
}

const DONE: Outcome = { status: 'done' }
const NOT_LINKED: Outcome = {
  status: 'failed',
  errorMessage: 'The session is not linked any more. Link it again first.',
}

export class Commands {
  readonly #host: CommandsHost
  #open: CommandRow[] = []
  #running = false

  constructor(host: CommandsHost) {
    this.#host = host
  }

  /** Open commands, as the database has them. */
  take(commands: CommandRow[]): void {
    const known = new Set(this.#open.map(({ id }) => id))
    this.#open.push(...commands.filter(({ id }) => !known.has(id)))
    void this.run()
  }

  /** Carries out what can be now. */
  async run(): Promise<void> {
    if (this.#running) return
    this.#running = true
    try {
      while (this.#open[0] && (await this.#carryOut(this.#open[0]))) this.#open.shift()
    } catch (error) {
      this.#host.log.warn({ err: error }, 'a command could not be carried out yet')
    } finally {
      this.#running = false
    }
  }

  /** False: not now. */
  async #carryOut({ id, kind, input }: CommandRow): Promise<boolean> {
    const situation = this.#host.situation()
    if (!situation) return false
    const { state, linked } = situation
    // Where there is a link, it takes a connection to do something about it.
    if (!isOnline(state) && linked && !isResting(state)) return false
    const outcome = kind === 'read' ? await read(situation, ReadInput.parse(input)) : await logout(situation)
    await this.#host.write({ id, ...outcome })
    return true
  }
}

async function logout({ state, driver }: Situation): Promise<Outcome> {
  if (isOnline(state)) {
    await failpoint('logout.taken')
    await driver.logout()
    await failpoint('logout.sent')
  }
  return DONE
}

async function read({ state, driver }: Situation, input: ReadInput): Promise<Outcome> {
  if (!isOnline(state)) return NOT_LINKED
  await driver.markRead(input)
  return DONE
}
