/** Sends one message through a socket. */
import { randomBytes } from 'node:crypto'
import { type UnifiedMessage, unifiedFrom } from '@berth/core/model/message.ts'
import { CHANGE_TYPES, type Change } from '@berth/core/model/message-change.ts'
import {
  type GroupMetadata,
  isJidGroup,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
  type proto,
  type SignalKeyStore,
  type WASocket,
} from '@whiskeysockets/baileys'
import { type Send, SendRefused } from '../driver.ts'
import { editCode } from './messages/changes.ts'
import { toProto } from './messages/convert.ts'
import type { Place } from './messages/family.ts'
import { personOf } from './person.ts'

const SECRET_LENGTH = 32

/**
 * Resolves when the stanza is out. Baileys resolves also when it could not learn the contact's devices, and then nobody
 * gets the message: so the devices are looked up first, into the cache that Baileys reads next.
 */
export async function sendThrough(socket: WASocket, { chat, whatsappId, repeated, ...row }: Send): Promise<void> {
  const place = { chat, me: personOf(socket.user?.id, socket.user?.lid) }
  const { message, proto } = writtenFor(row, place)
  if (!isJidGroup(chat)) await requireRecipient(socket, chat)
  else if (repeated) await giveKeyAgain(socket.authState.keys, chat)
  await socket.relayMessage(chat, withSecret(proto), { messageId: whatsappId, ...stanzaExtras(message) })
}

/** A row's message, and as WhatsApp writes it. Throws SendRefused for one that can't be sent. */
export function writtenFor(row: Pick<Send, 'type' | 'content'>, place: Place) {
  const message = unifiedFrom(row)
  const proto = message && toProto(message, place)
  if (!proto) throw new SendRefused('unsupported_type', `Messages of type '${row.type}' can't be sent.`)
  return { message, proto }
}

/** What WhatsApp wants to be told beside the encrypted message. */
function stanzaExtras(message: UnifiedMessage) {
  const edit = isChange(message) && editCode(message)
  return {
    ...(edit && { additionalAttributes: { edit } }),
    ...(message.type === 'poll' && { additionalNodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }] }),
  }
}

const isChange = (message: UnifiedMessage): message is Change => CHANGE_TYPES.includes(message.type)

/** Every message but the smallest has a secret, under which people can report it. Baileys' own sending does the same. */
function withSecret(message: proto.IMessage): proto.IMessage {
  if (message.reactionMessage || message.pollUpdateMessage || message.messageContextInfo) return message
  return { ...message, messageContextInfo: { messageSecret: randomBytes(SECRET_LENGTH) } }
}

/**
 * Has the next message to a group carry our sender key for every member. Baileys notes who was given it as soon as the
 * stanza is written; when WhatsApp may not have got that stanza, or refused it, the note is no good, and members could not
 * read what follows.
 */
export async function giveKeyAgain(keys: SignalKeyStore, group: string): Promise<void> {
  await keys.set({ 'sender-key-memory': { [group]: null } })
}

/**
 * Looks a group up for Baileys' next message to it. Baileys would go on without the devices that it could not learn, and
 * their owners could not read the message: so they are looked up first, into the cache that Baileys reads next.
 */
export async function lookUpGroup(socket: WASocket, group: string): Promise<GroupMetadata> {
  const metadata = await socket.groupMetadata(group).catch((error: { data?: unknown }) => {
    throw NOT_OURS.has(error.data) ? new SendRefused('not_in_group', NOT_IN_GROUP) : error
  })
  const ownUsers = usersOf(socket)
  const others = metadata.participants.filter(({ id }) => !ownUsers.includes(jidDecode(id)?.user))
  const ids = others.map(({ id }) => id)
  const found = new Set((await socket.getUSyncDevices(ids, true, false)).map(({ user }) => user))
  const isAnswered = ids.every((id) => found.has(jidDecode(id)!.user)) || (await socket.onWhatsApp(socket.user!.id))
  if (!isAnswered) throw new Error("WhatsApp did not tell the devices of the group's members")
  return metadata
}

/** How WhatsApp answers who asks for a group: they are not in it, or there is none. */
const NOT_OURS = new Set<unknown>([403, 404])
const NOT_IN_GROUP = 'This account is not in that group, or there is no such group. Have it added, and send again.'

const usersOf = ({ user }: WASocket): (string | undefined)[] =>
  [user?.id, user?.lid].map((jid) => (jid ? jidDecode(jid)?.user : undefined))

async function requireRecipient(socket: WASocket, chat: string): Promise<void> {
  const me = socket.user!
  const ownUsers = usersOf(socket)
  const toOurselves = ownUsers.includes(jidDecode(chat)?.user)
  const devices = await socket.getUSyncDevices([jidNormalizedUser(me.id), chat], true, false)
  if (devices.some(({ user }) => toOurselves || !ownUsers.includes(user))) return
  const answer = isPnUser(chat) ? await socket.onWhatsApp(chat) : undefined
  if (!answer) throw new Error("WhatsApp did not tell the contact's devices")
  if (answer.some(({ exists }) => exists)) throw new Error('the contact has no device right now')
  throw new SendRefused(
    'not_on_whatsapp',
    `+${jidDecode(chat)?.user} has no WhatsApp account. Check the number, with its country code.`,
  )
}
