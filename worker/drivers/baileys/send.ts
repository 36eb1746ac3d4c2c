/** Sends one message through a socket. */
import {
  type GroupMetadata,
  isJidGroup,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
  type SignalKeyStore,
  type WASocket,
} from '@whiskeysockets/baileys'
import { type Send, SendRefused } from '../driver.ts'

/**
 * Resolves when the stanza is out. Baileys resolves also when it could not learn the contact's devices, and then nobody
 * gets the message: so the devices are looked up first, into the cache that Baileys reads next.
 */
export async function sendThrough(
  socket: WASocket,
  { chat, whatsappId, type, content, repeated }: Send,
): Promise<void> {
  if (type !== 'text') throw new SendRefused('unsupported_type', `Messages of type '${type}' can't be sent yet.`)
  if (!isJidGroup(chat)) await requireRecipient(socket, chat)
  else if (repeated) await giveKeyAgain(socket.authState.keys, chat)
  // No link preview: it would make this process fetch any address that somebody writes.
  await socket.sendMessage(chat, { text: textOf(content), linkPreview: null }, { messageId: whatsappId })
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

/** The text of a stored message of type 'text'. */
export const textOf = (content: unknown): string => (content as { text: string }).text

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
