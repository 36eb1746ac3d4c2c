/**
 * The automatic reply to a message, as a row of its own. It is written in the same commit as the message that it answers, under
 * an id that comes from that one's: whichever process writes it, and however often, there is one. Pure.
 */
import { createHash } from 'node:crypto'
import { contentOf } from '@berth/core/model/message.ts'
import { CHANGE_TYPES } from '@berth/core/model/message-change.ts'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { uuidV7 } from '../uuid.ts'
import { strategies } from './strategy.ts'

/** An older one was answered by a person, or nobody waits for it any more. */
const MAX_AGE_MS = 24 * 3_600_000

export interface Rule {
  strategy: string
  settings: unknown
}

/** undefined: none. Groups, own messages, old ones, and what only changes another message get no reply. */
export function replyTo(message: ReceivedMessage, rule: Rule | undefined, now: Date): ReceivedMessage | undefined {
  const isAsked = !message.fromMe && message.status === 'received' && !message.chat.endsWith('@g.us')
  const isOld = now.getTime() - message.sentAt.getTime() > MAX_AGE_MS
  if (!rule || !isAsked || isOld || CHANGE_TYPES.includes(message.type)) return undefined
  const said = strategies[rule.strategy]?.respond(message, rule.settings)
  return (
    said &&
    ({
      id: uuidV7(now),
      chat: message.chat,
      whatsappId: idFor(message),
      fromMe: true,
      type: said.type,
      content: contentOf(said),
      status: 'queued',
    } as ReceivedMessage)
  )
}

/** Looks like those that the gateway makes. */
const idFor = ({ chat, whatsappId }: ReceivedMessage): string =>
  `3EB0${createHash('sha256').update(`reply/${chat}/${whatsappId}`).digest('hex').slice(0, 18).toUpperCase()}`
