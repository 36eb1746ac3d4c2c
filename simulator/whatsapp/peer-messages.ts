// What a phone tells its linked devices in messages that no person sees: keys of the app state, addresses, history.
import { randomBytes } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import { contactsOf, type HistoryPiece, latestChats, pushNames } from './history.ts'
import { numberJid } from './jid.ts'
import { encStanza, enqueue, messageId, seal } from './message-out.ts'
import type { Network } from './network.ts'
import { seconds } from './stanza.ts'

const { Type } = proto.Message.ProtocolMessage
const KEY_ID_LENGTH = 6
const KEY_LENGTH = 32

export const PEER_MESSAGES = ['app-state-key', 'lid-mappings', 'history', 'push-names'] as const

/**
 * - app-state-key: a new key, for what is changed from now on
 * - lid-mappings: which LIDs belong to the numbers of the account's chats
 * - history: the latest of the account's chats
 * - push-names: what the people in them call themselves
 */
export type PeerMessageKind = (typeof PEER_MESSAGES)[number]

/** To all linked devices of the account, under one id, which is the answer. @throws SimulatorError phone_not_found */
export async function sendPeerMessage(network: Network, number: string, kind: PeerMessageKind): Promise<string> {
  const phone = network.phone(number)
  return network.locks.exclusive([number], async () => {
    const { database, devices } = network.state
    return database.change(await sealed(network, phone, devices.of(number), contents[kind](network, number)))
  })
}

/** A device that has just been linked hears once, when it's there, what was before: nothing where nobody has written yet. */
export async function shareHistory(network: Network, { number, id }: Device): Promise<void> {
  const { database, devices, messages } = network.state
  await network.locks.exclusive([number], async () => {
    const device = devices.find(number, id)
    if (!device || device.removedAt !== undefined || devices.hasHistory(number, id)) return
    if (messages.chats(number).length > 0) {
      for (const kind of ['push-names', 'history'] as const) {
        database.change(await sealed(network, network.phone(number), [device], contents[kind](network, number)))
      }
    }
    devices.setHistory(number, id)
  })
}

/**
 * Encrypts a message for devices, which stands for nothing yet.
 * @returns what stores it and owes it to them, to be called in a change; it answers the message's id
 */
async function sealed(
  network: Network,
  phone: Phone,
  devices: Device[],
  protocolMessage: proto.Message.IProtocolMessage,
): Promise<() => string> {
  const outgoing = await Promise.all(
    devices.map(async (device) => [device, await seal(network, phone, device, { protocolMessage })] as const),
  )
  return () => {
    const id = messageId(network)
    const attrs = { from: numberJid(phone.number), id, t: seconds(network.now()), type: 'text', category: 'peer' }
    for (const [device, each] of outgoing) enqueue(network, phone, device, attrs, [encStanza(each)])
    return id
  }
}

const contents: Record<PeerMessageKind, (network: Network, number: string) => proto.Message.IProtocolMessage> = {
  'app-state-key': ({ state }, number) => {
    const [keyId, keyData] = [randomBytes(KEY_ID_LENGTH), randomBytes(KEY_LENGTH)]
    state.appState.addKey(number, { id: keyId.toString('base64'), data: keyData })
    const fingerprint = { rawId: 1, currentIndex: 0, deviceIndexes: [0] }
    const keys = [{ keyId: { keyId }, keyData: { keyData, fingerprint, timestamp: Date.now() } }]
    return { type: Type.APP_STATE_SYNC_KEY_SHARE, appStateSyncKeyShare: { keys } }
  },
  'lid-mappings': (network, number) => {
    const pnToLidMappings = contactsOf(network, number).map((contact) => {
      return { pn: Number(contact.number), assignedLid: Number(contact.lid) }
    })
    const payload = proto.LIDMigrationMappingSyncPayload.encode({ pnToLidMappings }).finish()
    return {
      type: Type.LID_MIGRATION_MAPPING_SYNC,
      lidMigrationMappingSyncMessage: { encodedMappingPayload: payload },
    }
  },
  history: (network, number) => historyMessage(latestChats(network, number)),
  'push-names': (network, number) => historyMessage(pushNames(network, number)),
}

const historyMessage = (piece: HistoryPiece): proto.Message.IProtocolMessage => {
  return { type: Type.HISTORY_SYNC_NOTIFICATION, historySyncNotification: piece }
}
