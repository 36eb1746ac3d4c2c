// Who is on line and who is typing. Nothing of it outlives the simulator's process.
//
// An account shows itself on line while its phone does or one of its devices says "available". Devices hear of it where
// they asked to be told (`subscribe`), for as long as they are connected. Typing is told without asking, but only to
// devices that say "available" themselves.
// Source of both rules: whatsmeow's documentation of events.Presence and events.ChatPresence.
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import type { Connection } from './connection.ts'
import { fromMember, lidJid, numberJid, parseJid } from './jid.ts'
import type { Network } from './network.ts'
import { rename } from './profile.ts'
import { child, describe, type Stanza, seconds, stanza } from './stanza.ts'

/** What somebody does in a chat: types, speaks, or neither any more. */
export const ACTIVITIES = ['composing', 'recording', 'paused'] as const
export type Activity = (typeof ACTIVITIES)[number]

/** Who says no more has stopped after this long. */
const ACTIVITY_LIFE_MS = 25_000

export interface ChatActivity {
  /** A number, or a group's id. */
  chat: string
  /** Where it happens; 0 is the phone. */
  device: number
  activity: Activity
  /** Unix milliseconds. */
  at: number
}

/** What one account shows to others. */
export class Presence {
  /** The phone is in somebody's hand. */
  phone = false
  /** Connections of devices that say "available". */
  readonly available = new Set<Connection>()
  /** Who is told, and under which address it asked. */
  readonly subscribers = new Map<Connection, string>()
  /** When it was last on line: Unix milliseconds. */
  lastSeen: number | undefined
  /** By device and chat. */
  readonly #activities = new Map<string, ChatActivity>()

  get online(): boolean {
    return this.phone || this.available.size > 0
  }

  /** What it does now. */
  activities(now: number): ChatActivity[] {
    const since = now - ACTIVITY_LIFE_MS
    return [...this.#activities.values()].filter(({ at }) => at > since)
  }

  act(device: number, chat: string, activity: Activity, at: number): void {
    if (activity === 'paused') this.stop(device, chat)
    else this.#activities.set(`${device} ${chat}`, { device, chat, activity, at })
  }

  /** It does nothing in the chat any more. */
  stop(device: number, chat: string): void {
    this.#activities.delete(`${device} ${chat}`)
  }

  /** The device is away: it does nothing in any chat. */
  rest(device: number): void {
    for (const [key, activity] of this.#activities) if (activity.device === device) this.#activities.delete(key)
  }
}

/** A name without a presence: Baileys tells it when its account gets one, which is before the first login. */
export function isName({ tag, attrs }: Stanza): boolean {
  return tag === 'presence' && attrs.type === undefined
}

/** A device says that it is there or away, or what the account is called, or wants to hear of somebody. */
export function receivePresence(connection: Connection, device: Device, presence: Stanza): void {
  const { network } = connection
  const { type, to, name } = presence.attrs
  if (isName(presence)) {
    if (name && name !== network.phone(device.number).name) rename(network, device.number, name)
    return
  }
  if (type === 'available' || type === 'unavailable') {
    showDevice(connection, device, type === 'available')
    return
  }
  if (type !== 'subscribe' || !to) {
    connection.fault({ kind: 'bad-stanza', detail: `Not a presence: ${describe(presence)}` })
    return
  }
  // Anybody may ask about a number that isn't on WhatsApp, or about a group; nothing is told of those, nor to who is blocked.
  const peer = network.phoneOf(to)
  if (!peer || network.state.blocks.has(peer.number, device.number)) return
  const shown = network.presence(peer.number)
  shown.subscribers.set(connection, to)
  connection.subscriptions.add(shown)
  connection.send(presenceStanza(shown, to))
}

/** A device shows what it does in a chat. */
export function receiveChatState(connection: Connection, device: Device, chatState: Stanza): void {
  const { network } = connection
  const { to } = chatState.attrs
  const chat = network.state.groups.find(to ?? '')?.id ?? network.phoneOf(to)?.number
  const activity = activityIn(chatState)
  if (!chat || !activity) {
    connection.fault({ kind: 'bad-stanza', detail: `Not typing in a chat: ${describe(chatState)}` })
    return
  }
  const byLid = parseJid(to)?.server === 'lid'
  tellActivity(network, network.phone(device.number), { device: device.id, chat, activity, byLid })
}

/** The connection is gone, and with it what its device showed. */
export function withdrawPresence(connection: Connection): void {
  const { device } = connection
  if (!device) return
  for (const shown of connection.subscriptions) shown.subscribers.delete(connection)
  showDevice(connection, device, false)
}

/** The person takes the phone in the hand, or lays it down. @throws SimulatorError phone_not_found */
export function showPhone(network: Network, number: string, online: boolean): void {
  network.phone(number)
  const shown = network.presence(number)
  if (!online) shown.rest(0)
  if (shown.phone === online) return
  change(network, number, () => {
    shown.phone = online
  })
}

/**
 * The person types on the phone, or speaks into it.
 * @param chat a number, or a group's id
 * @throws SimulatorError phone_not_found, group_not_found, not_a_member
 */
export function actOnPhone(network: Network, number: string, chat: string, activity: Activity): void {
  const phone = network.phone(number)
  if (!chat.endsWith('@g.us')) network.phone(chat)
  else if (!network.group(chat).members.includes(number)) {
    throw new SimulatorError('not_a_member', `${number} is not in the group ${chat}. Choose one of its members.`)
  }
  tellActivity(network, phone, { device: 0, chat, activity, byLid: false })
}

function showDevice(connection: Connection, device: Device, available: boolean): void {
  const shown = connection.network.presence(device.number)
  if (!available) shown.rest(device.id)
  if (shown.available.has(connection) === available) return
  change(connection.network, device.number, () => {
    if (available) shown.available.add(connection)
    else shown.available.delete(connection)
  })
}

/** Changes what an account shows, and tells who wants to hear of it. */
function change(network: Network, number: string, apply: () => void): void {
  const shown = network.presence(number)
  const before = shown.online
  apply()
  network.publish({ type: 'presence', number })
  if (shown.online === before) return
  shown.lastSeen = network.now()
  for (const [subscriber, address] of shown.subscribers) subscriber.send(presenceStanza(shown, address))
}

/** @param from the address that was asked about */
function presenceStanza({ online, lastSeen }: Presence, from: string): Stanza {
  if (online) return stanza('presence', { from, type: 'available' })
  return stanza('presence', { from, type: 'unavailable', last: lastSeen === undefined ? 'deny' : seconds(lastSeen) })
}

/** Source: Baileys' sendPresenceUpdate and handlePresenceUpdate. */
function activityIn(chatState: Stanza): Activity | undefined {
  if (child(chatState, 'paused')) return 'paused'
  const composing = child(chatState, 'composing')
  return composing && (composing.attrs.media === 'audio' ? 'recording' : 'composing')
}

/** @param doing.byLid whether the other side knows the person by the LID; in groups everybody does */
function tellActivity(
  network: Network,
  phone: Phone,
  { device, chat, activity, byLid }: { device: number; chat: string; activity: Activity; byLid: boolean },
): void {
  const group = network.state.groups.find(chat)
  if (group && !group.members.includes(phone.number)) return
  network.presence(phone.number).act(device, chat, activity, network.now())
  network.publish({ type: 'presence', number: phone.number })
  if (network.state.blocks.has(chat, phone.number)) return
  const doing = activity === 'recording' ? stanza('composing', { media: 'audio' }) : stanza(activity)
  const from = group ? fromMember(group.id, phone) : { from: byLid ? lidJid(phone.lid) : numberJid(phone.number) }
  for (const number of group?.members ?? [chat]) {
    if (number === phone.number) continue
    for (const connection of network.presence(number).available) connection.send(stanza('chatstate', from, [doing]))
  }
}
