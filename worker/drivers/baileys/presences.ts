/**
 * What contacts show of themselves: on line, typing, last seen. WhatsApp tells it only to who asked for it on this connection
 * and shows itself as available; nothing of it is kept longer than the process lives.
 */
import type { AnswerOf, InputOf, Presence } from '@berth/core/model/questions.ts'
import { isLidUser, type PresenceData, type WASocket } from '@whiskeysockets/baileys'
import { LRUCache } from 'lru-cache'
import { within } from '../../store/within.ts'
import type { FindPerson } from './person.ts'

const MAX_CONTACTS = 500
/** WhatsApp tells again while somebody goes on typing; whoever breaks off without a word is typing no more. */
const TYPING_MS = 25_000

interface Seen {
  presence: Presence
  at: number
  lastSeenAt?: Date
}

export class Presences {
  readonly #seen = new LRUCache<string, Seen>({ max: MAX_CONTACTS })
  readonly #asked = new LRUCache<string, true>({ max: MAX_CONTACTS })
  readonly #now: () => number
  #changed = Promise.withResolvers<void>()

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** A connection begins: on it nothing was asked for yet, and what was told on the one before may be over. */
  follow(socket: Pick<WASocket, 'ev'>): void {
    this.#asked.clear()
    this.#seen.clear()
    socket.ev.on('presence.update', ({ presences }) => {
      for (const [jid, data] of Object.entries(presences)) this.#take(jid, data)
    })
  }

  #take(jid: string, { lastKnownPresence, lastSeen }: PresenceData): void {
    const presence = lastKnownPresence === 'paused' ? 'available' : lastKnownPresence
    const lastSeenAt = lastSeen ? new Date(lastSeen * 1000) : undefined
    this.#seen.set(jid, { presence, at: this.#now(), ...(lastSeenAt ? { lastSeenAt } : {}) })
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }

  /** The last word of a contact; waits for the first one. */
  async ask(
    socket: Pick<WASocket, 'presenceSubscribe'>,
    findPerson: FindPerson,
    { chat, waitSeconds }: InputOf<'presence'>,
  ): Promise<AnswerOf<'presence'>> {
    const { pn, lid } = await findPerson(isLidUser(chat) ? { lid: chat } : { pn: chat })
    const names = [pn, lid].filter((jid) => jid !== undefined)
    if (!this.#asked.has(chat)) {
      this.#asked.set(chat, true)
      await socket.presenceSubscribe(chat)
    }
    const deadline = this.#now() + waitSeconds * 1000
    for (;;) {
      const seen = this.#newest(names)
      if (seen) return this.#view(seen)
      const left = deadline - this.#now()
      if (left <= 0) return { presence: 'unknown' }
      await within(left, this.#changed.promise).catch(() => {})
    }
  }

  #newest(names: string[]): Seen | undefined {
    const seen = names.flatMap((name) => this.#seen.get(name) ?? [])
    return seen.sort((a, b) => b.at - a.at)[0]
  }

  #view({ presence, at, lastSeenAt }: Seen): AnswerOf<'presence'> {
    const isTyping = presence === 'composing' || presence === 'recording'
    return {
      presence: isTyping && this.#now() - at > TYPING_MS ? 'available' : presence,
      at: new Date(at).toISOString(),
      ...(lastSeenAt ? { lastSeenAt: lastSeenAt.toISOString() } : {}),
    }
  }
}
