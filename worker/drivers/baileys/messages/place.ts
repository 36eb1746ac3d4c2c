/** How people are named around a message. Pure. */
import { PersonAddress } from '@berth/core/model/message-parts.ts'
import { isJidGroup, isLidUser, type proto } from '@whiskeysockets/baileys'
import { addressOf, type Person } from '../person.ts'

/** Groups, and chats by LID, call everybody by LID where they know it. */
export const jidIn = (chat: string, { pn, lid }: Person): string | undefined =>
  isJidGroup(chat) || isLidUser(chat) ? (lid ?? pn) : (pn ?? lid)

/** Bots and the like are left out. */
export const mentionsFrom = ({ mentionedJid }: proto.IContextInfo): string[] =>
  (mentionedJid ?? []).map(addressOf).filter((address) => PersonAddress.safeParse(address).success)
