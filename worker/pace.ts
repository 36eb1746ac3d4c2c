/**
 * How fast the messages of a session may go out, and to one chat. Each keeps a gap to the one before, a little longer each time, so
 * that a minute never has more than it may have, wherever it begins. Pure: times are milliseconds of one clock.
 */

/** Messages a minute; undefined: as fast as they come. */
export interface Pace {
  perMinute?: number | undefined
  perMinuteToChat?: number | undefined
}

interface Last {
  at: number
  /** How much longer than it must be the gap after it is: 0 to 1 of STRETCH. */
  stretch: number
}

/** What went out, as far as it still keeps anything back. */
export interface Sent {
  last: Last
  /** By chat. */
  chats: ReadonlyMap<string, Last>
  /** Of chats that are not among them. */
  before: Last
}

const MINUTE_MS = 60_000
const STRETCH = 0.3

/** Whoever had the session until now may have sent to everybody just before. */
export function sentUntil(now: number): Sent {
  const last = { at: now, stretch: 0 }
  return { last, chats: new Map(), before: last }
}

/** @param random 0 to 1 */
export function withSent(sent: Sent, pace: Pace, chat: string, now: number, random: number): Sent {
  const last = { at: now, stretch: random }
  const chats = new Map([...sent.chats].filter(([, one]) => after(one, pace.perMinuteToChat) > now))
  if (pace.perMinuteToChat !== undefined) chats.set(chat, last)
  return { ...sent, last, chats }
}

/** When the session may send again. */
export const sessionFreeAt = ({ last }: Sent, { perMinute }: Pace): number => after(last, perMinute)

/** When something may be sent to a chat again. */
export const chatFreeAt = ({ chats, before }: Sent, { perMinuteToChat }: Pace, chat: string): number =>
  after(chats.get(chat) ?? before, perMinuteToChat)

const after = ({ at, stretch }: Last, perMinute: number | undefined): number =>
  perMinute === undefined ? Number.NEGATIVE_INFINITY : at + (MINUTE_MS / perMinute) * (1 + STRETCH * stretch)

/** A message that waits, as far as it matters for its turn. */
export interface Waiting {
  chat: string
  handedOver: boolean
  /** Not before this time. */
  notBefore: number
}

/** The first one that may go now, by the order of the list; else when to look again, and which chats wait till later. */
export function nextOf<T extends Waiting>(
  waiting: Iterable<T>,
  pace: Pace,
  sent: Sent,
  now: number,
): { next?: T; lookAt: number; held: Set<string> } {
  const held = new Set<string>()
  const sessionAt = sessionFreeAt(sent, pace)
  let lookAt = Number.POSITIVE_INFINITY
  for (const one of waiting) {
    if (one.handedOver || held.has(one.chat)) continue
    const freeAt = Math.max(one.notBefore, chatFreeAt(sent, pace, one.chat))
    if (freeAt <= now && sessionAt <= now) return { next: one, lookAt: now, held }
    // In a chat nothing overtakes; whoever may go but for the session's pace does not keep others from being loaded.
    if (freeAt > now) held.add(one.chat)
    lookAt = Math.min(lookAt, Math.max(freeAt, sessionAt))
  }
  return { lookAt, held }
}
