// What a phone tells a device that was just linked: the latest of its chats, and what the people in them call themselves.
// A real phone goes on with older messages in further pieces; here what doesn't fit is left out. Baileys fetches larger
// pieces from WhatsApp's own media host only, so that these stand in the messages themselves.
// Source: Baileys' processHistoryMessage and downloadAndProcessHistorySyncNotification.
import { deflateSync } from 'node:zlib'
import { proto } from '@whiskeysockets/baileys'
import type { Phone } from '../state/phones.ts'
import { readMessages, type ShownMessage } from './content/chat.ts'
import { lidJid, numberJid } from './jid.ts'
import type { Network } from './network.ts'

const { HistorySyncType } = proto.HistorySync
const { Status } = proto.WebMessageInfo

/** Of the account, and of each chat. */
const MAXIMUM_CHATS = 50
const MAXIMUM_MESSAGES = 50
/** Bytes of messages; the chat that would go beyond and all older ones are left out. */
const MAXIMUM_SIZE = 256 * 1024

const STATUS = { sent: Status.SERVER_ACK, delivered: Status.DELIVERY_ACK, read: Status.READ, received: undefined }

export type HistoryPiece = proto.Message.IHistorySyncNotification

/** The latest chats with their latest messages, and which numbers belong to which LIDs. */
export function latestChats(network: Network, number: string): HistoryPiece {
  const conversations: proto.IConversation[] = []
  let size = 0
  for (const { chat, lastAt, unread } of network.state.messages.chats(number).slice(0, MAXIMUM_CHATS)) {
    const shown = readMessages(network, number, chat, { limit: MAXIMUM_MESSAGES })
    size += shown.reduce((sum, { row }) => sum + row.content.length, 0)
    if (size > MAXIMUM_SIZE) break
    const messages = shown.toReversed().flatMap((message) => historyMessage(network, message))
    const state = { unreadCount: unread, conversationTimestamp: wholeSeconds(lastAt) }
    conversations.push({ ...describeChat(network, chat), ...state, messages })
  }
  const phoneNumberToLidMappings = contactsOf(network, number).map((contact) => {
    return { pnJid: numberJid(contact.number), lidJid: lidJid(contact.lid) }
  })
  return piece({ syncType: HistorySyncType.INITIAL_BOOTSTRAP, conversations, phoneNumberToLidMappings })
}

export function pushNames(network: Network, number: string): HistoryPiece {
  const pushnames = contactsOf(network, number).map((contact) => {
    return { id: numberJid(contact.number), pushname: contact.name }
  })
  return piece({ syncType: HistorySyncType.PUSH_NAME, pushnames })
}

/** Whom the account has written with, and with whom it is in a group where somebody wrote. */
export function contactsOf({ state }: Network, number: string): Phone[] {
  const chats = state.messages.chats(number).map(({ chat }) => chat)
  const numbers = new Set(chats.flatMap((chat) => state.groups.find(chat)?.members ?? [chat]))
  numbers.delete(number)
  return [...numbers].flatMap((each) => state.phones.find(each) ?? [])
}

/** A group has a name; what a phone calls a person, it keeps to itself here. */
function describeChat({ state }: Network, chat: string): proto.IConversation {
  const group = state.groups.find(chat)
  if (group) return { id: group.id, name: group.subject }
  return { id: numberJid(chat), lidJid: lidJid(state.phones.find(chat)!.lid) }
}

/** As it is now; nothing of one that was deleted. */
function historyMessage(network: Network, { row, author, current }: ShownMessage): proto.IHistorySyncMsg[] {
  if (current.deleted) return []
  const isGroup = network.state.groups.find(row.chat) !== undefined
  const key = {
    remoteJid: isGroup ? row.chat : numberJid(row.chat),
    fromMe: row.direction === 'out',
    id: row.id,
    ...(isGroup && { participant: lidJid(author.lid) }),
  }
  const message = current.edited ? { conversation: current.text } : proto.Message.decode(row.content)
  const status = STATUS[row.status]
  const about = { messageTimestamp: wholeSeconds(row.at), pushName: author.name, ...(status && { status }) }
  return [{ message: { key, message, ...about } }]
}

function piece(history: proto.IHistorySync & { syncType: proto.HistorySync.HistorySyncType }): HistoryPiece {
  const initialHistBootstrapInlinePayload = deflateSync(proto.HistorySync.encode(history).finish())
  return { syncType: history.syncType, chunkOrder: 1, progress: 100, initialHistBootstrapInlinePayload }
}

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000)
