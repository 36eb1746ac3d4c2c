// What a message says, for people who look at a phone.
import type { proto } from '@whiskeysockets/baileys'

/** The text; for other kinds the kind in brackets; undefined when there's nothing to show in a chat. */
export function shownText(message: proto.IMessage): string | undefined {
  const text = message.conversation || message.extendedTextMessage?.text
  if (text) return text
  const kind = Object.entries(message).find(([name, value]) => value && !HIDDEN.has(name))?.[0]
  return kind && `[${kind.replace(/Message.*$/, '')}]`
}

/** Fields that carry keys or commands between devices. */
const HIDDEN = new Set(['senderKeyDistributionMessage', 'messageContextInfo', 'protocolMessage', 'reactionMessage'])
