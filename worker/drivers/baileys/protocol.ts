/**
 * Protocol messages: ordinary messages with nothing for people in them, mostly between devices of one account (keys of the
 * app state, history, addresses). Baileys sends the receipt before it stores what is in them.
 */
import {
  type Contact,
  cleanMessage,
  decodeMessageNode,
  normalizeMessageContent,
  proto,
  unpadRandomMax16,
  type WAMessage,
} from '@whiskeysockets/baileys'
import { decodeJournalBody } from './journal-body.ts'

/** True when the message of a row is one for Baileys. */
export const isProtocolMessage = (body: Buffer): boolean =>
  Boolean(normalizeMessageContent(contentOf(decodeJournalBody(body).plaintext))?.protocolMessage)

/** The message as Baileys had it when it was decrypted. */
export function messageForBaileys(body: Buffer, me: Contact): WAMessage {
  const { stanza, plaintext } = decodeJournalBody(body)
  const meLid = me.lid ?? ''
  const { fullMessage } = decodeMessageNode({ tag: 'message', attrs: stanza as Record<string, string> }, me.id, meLid)
  const message: WAMessage = { ...fullMessage, message: contentOf(plaintext) }
  cleanMessage(message, me.id, meLid)
  return message
}

function contentOf(plaintext: Buffer): proto.IMessage {
  const message = proto.Message.decode(unpadRandomMax16(plaintext))
  return message.deviceSentMessage?.message ?? message
}
