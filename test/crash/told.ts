/**
 * What the accounts of a group are told besides messages, and whether they know it afterwards: seen from the simulator only,
 * by what their devices do.
 */
import type { SimulatorClient } from '@berth/simulator/client.ts'
import { until } from '../worker/until.ts'
import type { World } from '../worker/world.ts'
import type { Account } from './account.ts'
import type { Group } from './group.ts'

const KNOWN_S = 60
/** Where muted chats are in the app state. */
const MUTES = 'regular_high'

export class Told {
  readonly #accounts: ToldAccount[]

  constructor({ whatsapp }: World, group: Group) {
    this.#accounts = group.accounts.map((account) => new ToldAccount(whatsapp, account))
  }

  /** Tells each account one thing of every kind. Needs messages both ways before. */
  async tell(): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.tell()))
  }

  /** The contacts want the last messages again. */
  async askAgain(): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.askAgain()))
  }

  /** Resolves when WhatsApp owes the accounts nothing any more, or when it is over. */
  async untilAnswered(over: () => boolean): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.untilAnswered(over)))
  }

  /** Resolves when all is known; the last message must have been sent after it was told. Throws when something is not. */
  async untilKnown(): Promise<void> {
    await Promise.all(this.#accounts.map((account) => account.untilKnown()))
  }
}

class ToldAccount {
  readonly #whatsapp: SimulatorClient
  readonly #account: Account
  /** Devices that the contact linked. */
  readonly #companions: number[] = []
  /** Ids of our messages that the contact wants again → how often they had been sent. */
  readonly #wantedAgain = new Map<string, number>()
  readonly #notices: string[] = []

  constructor(whatsapp: SimulatorClient, account: Account) {
    this.#whatsapp = whatsapp
    this.#account = account
  }

  async tell(): Promise<void> {
    const whatsapp = this.#whatsapp
    const { number, contact } = this.#account
    const device = await this.#device()
    this.#companions.push((await whatsapp.linkCompanion(contact)).device)
    for (const kind of ['privacy-token', 'identity', 'call'] as const) {
      this.#notices.push(await whatsapp.notify(number, device, { kind, contact }))
    }
    this.#notices.push(await whatsapp.notify(number, device, { kind: 'disappearing-mode' }))
    for (const kind of ['lid-mappings', 'history', 'app-state-key'] as const) await whatsapp.tellDevices(number, kind)
    await whatsapp.mute(number, contact)
    await this.askAgain()
  }

  /** The contact wants the last message again that it has. */
  async askAgain(): Promise<void> {
    const { number, contact } = this.#account
    const last = (await this.#sent()).findLast(({ status }) => status === 'delivered')
    if (!last) return
    this.#wantedAgain.set(last.whatsapp_id, await this.#timesSent(last.whatsapp_id))
    await this.#whatsapp.requestAgain(contact, number, last.whatsapp_id)
  }

  async untilAnswered(over: () => boolean): Promise<void> {
    await until(async () => {
      const devices = await this.#whatsapp.devices()
      const { queued } = devices.find(({ number }) => number === this.#account.number)!
      return over() || queued.message + queued.receipt + queued.notification === 0 || undefined
    }, KNOWN_S)
  }

  async untilKnown(): Promise<void> {
    await this.untilAnswered(() => false)
    for (const [id, before] of this.#wantedAgain) {
      await until(async () => (await this.#timesSent(id)) > before || undefined, KNOWN_S)
    }
    if (this.#notices.length === 0) return
    const whatsapp = this.#whatsapp
    const { number, contact } = this.#account
    const device = await this.#device()
    const unanswered = await Promise.all(
      this.#notices.map(async (id) => {
        const [notice] = await whatsapp.ledgerMessages({ message: id })
        return notice?.counts.delivered ? [] : [`notice ${id} was never acknowledged`]
      }),
    )
    const wrong = unanswered.flat()

    const { whatsapp_id: newest } = (await this.#sent()).at(-1)!
    const reached = (await whatsapp.ledgerMessages({ message: newest })).filter((one) => one.number === contact)
    for (const companion of this.#companions) {
      if (!reached.some((one) => one.device === companion))
        wrong.push(`device ${companion} of ${contact} got no message`)
    }
    const { privacyTokens } = await whatsapp.knowledge(number, device)
    const token = privacyTokens.find((one) => one.contact === contact)
    if (!token || token.shown !== token.given) wrong.push(`the token of ${contact} was not shown`)
    if (wrong.length > 0) throw new Error(`${number}: ${wrong.join('; ')}`)

    // A device that has the key reads what is new; the next time it asks for what comes after.
    const version = await whatsapp.mute(number, contact)
    await this.#untilAsksAfter(device, version - 1)
    await whatsapp.mute(number, contact)
    await this.#untilAsksAfter(device, version)
    for (const companion of this.#companions) await whatsapp.force(contact, companion, 'logout')
  }

  async #untilAsksAfter(device: number, version: number): Promise<void> {
    await until(async () => {
      const { appState } = await this.#whatsapp.knowledge(this.#account.number, device)
      return appState[MUTES] === version || undefined
    }, KNOWN_S)
  }

  async #device(): Promise<number> {
    return (await this.#whatsapp.devices()).find(({ number }) => number === this.#account.number)!.device
  }

  /** Ours to the contact, oldest first. */
  async #sent() {
    const { session, contact } = this.#account
    return (await session.messages()).filter(({ from_me, chat }) => from_me && chat.startsWith(contact))
  }

  async #timesSent(id: string): Promise<number> {
    const [entry] = (await this.#whatsapp.ledgerMessages({ message: id })).filter(({ number, direction }) => {
      return number === this.#account.number && direction === 'from-device'
    })
    return entry?.counts.submitted ?? 0
  }
}
