/** The keys of received messages, as Baileys wants them for receipts. Pure. */
import type { ReadInput } from '@berth/core/model/command.ts'
import { isJidGroup, type WAMessageKey } from '@whiskeysockets/baileys'
import { personFrom } from '../person.ts'
import { jidIn } from './place.ts'

export const readKeys = ({ chat, messages }: ReadInput): WAMessageKey[] =>
  messages.map(({ whatsappId, author }) => {
    const participant = isJidGroup(chat) ? jidIn(chat, personFrom(author ?? {})) : undefined
    return { remoteJid: chat, id: whatsappId, fromMe: false, ...(participant && { participant }) }
  })
