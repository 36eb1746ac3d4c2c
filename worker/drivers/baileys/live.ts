/** What goes through a connection at once and leaves nothing behind here: questions, acts, and the presence that we show. */
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import type { AnswerOf, InputOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import type { WASocket } from '@whiskeysockets/baileys'
import type { SessionStore } from '../../store/session-store.ts'
import { AskFailed } from '../driver.ts'
import { actThrough } from './acts.ts'
import { findPerson } from './people.ts'
import type { Person } from './person.ts'
import { Presences } from './presences.ts'
import { type Asking, askThrough } from './questions.ts'
import { UnderWay } from './under-way.ts'

export class Live {
  readonly #store: Pick<SessionStore, 'get'>
  readonly #account: { readonly person: Person }
  readonly #presences = new Presences()
  readonly #underWay = new UnderWay()
  readonly #acts = new UnderWay()
  #socket: WASocket | undefined

  constructor(store: Pick<SessionStore, 'get'>, account: { readonly person: Person }) {
    this.#store = store
    this.#account = account
  }

  /** A connection begins. */
  follow(socket: WASocket): void {
    this.#presences.follow(socket)
  }

  /** Logged in. */
  opened(socket: WASocket): void {
    this.#socket = socket
  }

  ended(): void {
    this.#socket = undefined
    this.#underWay.giveUp(new AskFailed('not_connected', 'The connection was closed.'))
    this.#acts.giveUp(new AskFailed('outcome_unknown', 'The connection was closed before WhatsApp answered.'))
  }

  async ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>> {
    return this.#underWay.run(askThrough(this.#asking, question, input))
  }

  async act<A extends Act>(act: A, input: ActInput<A>): Promise<ActAnswer<A>> {
    return this.#acts.run(actThrough(this.#asking, act, input))
  }

  /** To one chat, or to everybody. */
  async show(shown: ShownPresence): Promise<void> {
    const chat = 'chat' in shown ? shown.chat : undefined
    await this.#underWay.run(this.#open.sendPresenceUpdate(shown.presence, chat))
  }

  get #asking(): Asking {
    return {
      socket: this.#open,
      me: this.#account.person,
      findPerson: (person: Person) => findPerson(this.#store, person),
      presences: this.#presences,
    }
  }

  get #open(): WASocket {
    if (this.#socket) return this.#socket
    throw new AskFailed('not_connected', 'The session is not connected at this moment.')
  }
}
