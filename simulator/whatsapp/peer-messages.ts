// What a phone tells its linked devices in messages that no person sees: keys of the app state, addresses, history.
import { randomBytes } from 'node:crypto'
import { deflateSync } from 'node:zlib'
import { proto } from '@whiskeysockets/baileys'
import { numberJid } from './jid.ts'
import { encStanza, enqueue, messageId, seal } from './message-out.ts'
import type { Network } from './network.ts'
import { seconds } from './stanza.ts'

const { Type } = proto.Message.ProtocolMessage
const KEY_ID_LENGTH = 6
const KEY_LENGTH = 32

export const PEER_MESSAGES = ['app-state-key', 'lid-mappings', 'history'] as const

/**
 * - app-state-key: a new key, for what is changed from now on
 * - lid-mappings: which LIDs belong to the numbers of the account's chats
 * - history: a first piece of history, without messages, that tells the same
 */
export type PeerMessageKind = (typeof PEER_MESSAGES)[number]

/** To all linked devices of the account, under one id, which is the answer. @throws SimulatorError phone_not_found */
export async function sendPeerMessage(network: Network, number: string, kind: PeerMessageKind): Promise<string> {
  const phone = network.phone(number)
  const id = messageId()
  const protocolMessage = contents[kind](network, number)
  await network.locks.exclusive([number], async () => {
    const outgoing = await Promise.all(
      network.state.devices.of(number).map(async (device) => {
        return [device, await seal(network, phone, device, { protocolMessage })] as const
      }),
    )
    const attrs = { from: numberJid(number), id, t: seconds(), type: 'text', category: 'peer' }
    network.state.database.change(() => {
      for (const [device, sealed] of outgoing) enqueue(network, phone, device, attrs, [encStanza(sealed)])
    })
  })
  return id
}

const contents: Record<
  PeerMessageKind,
  (network: Network, number: string) => NonNullable<proto.IMessage['protocolMessage']>
> = {
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
  history: (network, number) => {
    const syncType = proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP
    const phoneNumberToLidMappings = contactsOf(network, number).map((contact) => {
      return { pnJid: numberJid(contact.number), lidJid: `${contact.lid}@lid` }
    })
    const history = proto.HistorySync.encode({ syncType, phoneNumberToLidMappings }).finish()
    const initialHistBootstrapInlinePayload = deflateSync(history)
    return {
      type: Type.HISTORY_SYNC_NOTIFICATION,
      historySyncNotification: { syncType, chunkOrder: 1, progress: 100, initialHistBootstrapInlinePayload },
    }
  },
}

const contactsOf = ({ state }: Network, number: string) =>
  state.messages.chats(number).flatMap(({ chat }) => state.phones.find(chat) ?? [])
