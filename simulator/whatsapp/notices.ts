// Notices: what the server tells a device besides messages and receipts. Each is owed until the device has acknowledged it,
// and stands in the ledger like a message: queued, sent each time it goes out, delivered each time it's acknowledged.
import { randomBytes } from 'node:crypto'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import { lidJid, numberJid, SERVER } from './jid.ts'
import type { Network } from './network.ts'
import { askToRetry } from './receipts.ts'
import { type Stanza, seconds, stanza } from './stanza.ts'

export const NOTICES = ['privacy-token', 'identity', 'disappearing-mode', 'call'] as const

/**
 * - privacy-token: the contact lets the account write to it; the device shows the token in its messages
 * - identity: the contact's phone has new keys (they're the same here): the device fetches them and begins a new session
 * - disappearing-mode: the own phone changed how long messages stay in new chats
 * - call: the contact rings
 */
export type NoticeKind = (typeof NOTICES)[number]

/**
 * Answers the notice's id.
 * @param contact who it is about; the own phone's number where it is about the account itself
 * @throws SimulatorError phone_not_found
 */
export function sendNotice(network: Network, device: Device, kind: NoticeKind, contact: string): string {
  const phone = network.phone(contact)
  const from = numberJid(phone.number)
  return network.state.database.change(() => {
    switch (kind) {
      case 'privacy-token': {
        const token = randomBytes(16)
        network.state.privacyTokens.give(device.number, device.id, contact, token)
        const attrs = { type: 'trusted_contact', jid: numberJid(device.number, device.id), t: seconds(network.now()) }
        const tokens = stanza('tokens', {}, [stanza('token', attrs, token)])
        return notify(network, device, contact, { from, type: 'privacy_token', sender_lid: lidJid(phone.lid) }, [
          tokens,
        ])
      }
      case 'identity':
        return notify(network, device, contact, { from, type: 'encrypt', lid: lidJid(phone.lid) }, [stanza('identity')])
      case 'disappearing-mode': {
        const mode = stanza('disappearing_mode', { duration: '86400', t: seconds(network.now()) })
        return notify(network, device, contact, { from, type: 'account_sync' }, [mode])
      }
      case 'call': {
        const offer = stanza('offer', { 'call-id': network.stanzaId(), 'call-creator': from })
        return owe(
          network,
          device,
          contact,
          stanza('call', { from, id: network.stanzaId(), t: seconds(network.now()) }, [offer]),
        )
      }
    }
  })
}

/** Linked devices of those who know the account: of who chats with it, of members of its groups, and its own. */
export function acquaintances(network: Network, number: string): Device[] {
  const { devices, groups, messages } = network.state
  const chats = messages.chats(number).map(({ chat }) => chat)
  const members = groups.of(number).flatMap((group) => group.members)
  return [...new Set([number, ...chats, ...members])].flatMap((account) => devices.of(account))
}

/** Who knows the account hears that it has a device more, or one less. */
export function announceDevice(network: Network, { number, id }: Device, change: 'add' | 'remove'): void {
  const { lid } = network.phone(number)
  const attrs = { jid: numberJid(number, id), lid: lidJid(lid, id), 'key-index': String(id) }
  const content = [
    stanza(change, { device_hash: '2:simulator' }, [
      stanza('device', attrs),
      stanza('key-index-list', { ts: seconds(network.now()) }),
    ]),
  ]
  for (const device of acquaintances(network, number)) {
    if (device.number === number && device.id === id) continue
    notify(network, device, number, { from: numberJid(number), type: 'devices', lid: lidJid(lid) }, content)
  }
}

/** The server has something new in a collection of the app state. */
export function announceAppState(network: Network, device: Device, collection: string, version: number): void {
  const changed = stanza('collection', { name: collection, version: String(version) })
  notify(network, device, device.number, { from: SERVER, type: 'server_sync' }, [changed])
}

/**
 * A phone wants a message again that a linked device wrote to it, as if it couldn't read it.
 * @throws SimulatorError message_not_found
 */
export function requestAgain(network: Network, number: string, chat: string, id: string): void {
  const { database, devices, ledger, messages } = network.state
  const phone = network.phone(number)
  const [written] = ledger.messages(0, chat, id).filter(({ direction }) => direction === 'from-device')
  const device = written && devices.find(chat, written.device)
  if (!device || !messages.find(number, chat, id, 'in')) {
    throw new SimulatorError('message_not_found', `${number} has no message ${id} from a device of ${chat}.`)
  }
  database.change(() => askToRetry(network, device, phone, { id, chat: numberJid(number), t: seconds(network.now()) }))
}

/** Owes the device a notification. Answers its id. */
export function notify(
  network: Network,
  device: Device,
  about: string,
  attrs: { from: string; type: string } & Record<string, string>,
  content: Stanza[],
): string {
  const id = network.stanzaId()
  return owe(network, device, about, stanza('notification', { ...attrs, id, t: seconds(network.now()) }, content))
}

function owe(network: Network, device: Device, about: string, notice: Stanza): string {
  const id = notice.attrs.id!
  const { number, id: deviceId } = device
  network.state.ledger.add({
    message: id,
    event: 'queued',
    direction: 'to-device',
    peer: about,
    number,
    device: deviceId,
  })
  network.deliver(device, notice, { number: about, device: 0 })
  return id
}
