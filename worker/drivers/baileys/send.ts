/** Sends one message through a socket. */
import { isJidGroup, isPnUser, jidDecode, jidNormalizedUser, type WASocket } from '@whiskeysockets/baileys'
import { type Send, SendRefused } from '../driver.ts'
import { textOf } from './socket.ts'

/**
 * Resolves when the stanza is out. Baileys resolves also when it could not learn the contact's devices, and then nobody
 * gets the message: so the devices are looked up first, into the cache that Baileys reads next.
 */
export async function sendThrough(socket: WASocket, { chat, whatsappId, type, content }: Send): Promise<void> {
  if (type !== 'text') throw new SendRefused('unsupported_type', `Messages of type '${type}' can't be sent yet.`)
  if (!isJidGroup(chat)) await requireRecipient(socket, chat)
  // No link preview: it would make this process fetch any address that somebody writes.
  await socket.sendMessage(chat, { text: textOf(content), linkPreview: null }, { messageId: whatsappId })
}

async function requireRecipient(socket: WASocket, chat: string): Promise<void> {
  const me = socket.user!
  const ownUsers = [me.id, me.lid].map((jid) => jid && jidDecode(jid)?.user)
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
