/** Undoing a link on purpose, by a logout or for a new link: of a group's first account. The others must not notice. */
import type { Verdict } from '../chaos/judge.ts'
import { until } from '../worker/until.ts'
import type { World } from '../worker/world.ts'
import type { Account } from './account.ts'
import type { Group } from './group.ts'

const DONE_S = 60

export class Unlink {
  readonly #world: World
  readonly #account: Account
  #command = ''

  constructor(world: World, group: Group) {
    this.#world = world
    this.#account = group.accounts[0]!
  }

  /** As the operator asks for it; nobody wakes the worker. */
  async logOut(): Promise<void> {
    this.#command = await this.#account.session.addCommand('logout')
  }

  /** Resolves when the command is done, and WhatsApp knows the device no more. */
  async untilLoggedOut(): Promise<void> {
    const { session, number } = this.#account
    await until(async () => {
      if ((await session.commandStatus(this.#command)) !== 'done') return undefined
      const devices = await this.#world.whatsapp.devices()
      const isGone = !devices.some((device) => device.number === number)
      return (isGone && (await session.state())?.state === 'LoggedOut') || undefined
    }, DONE_S)
  }

  /** Raises spec.linking.attempt. */
  async linkAnew(): Promise<void> {
    const { session } = this.#account
    const { attempt } = (await session.resource()).spec.linking
    await session.patchSpec({ linking: { attempt: attempt + 1 } })
  }

  /** The phone scans the new code. */
  async scan(worker: { address: string }): Promise<void> {
    await this.#account.session.link(worker, this.#account.number)
  }

  /** The verdict without the one new link that was asked for; throws when there was none, or more. */
  forgive(account: Account, verdict: Verdict): Verdict {
    if (account !== this.#account) return verdict
    if (verdict.newQr.length !== 1) throw new Error(`linked anew ${verdict.newQr.length} times, not once`)
    return { ...verdict, newQr: [] }
  }
}
