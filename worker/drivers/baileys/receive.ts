/**
 * From a journal row to the message that people see. Pure, but for the look-up of a contact's other address.
 * Only text has a form of its own by now; other kinds are kept as 'unsupported', with their name.
 */
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import {
  isJidGroup,
  isLidUser,
  isPnUser,
  jidDecode,
  jidNormalizedUser,
  normalizeMessageContent,
  proto,
  unpadRandomMax16,
} from '@whiskeysockets/baileys'
import { uuidV7 } from '../../uuid.ts'
import { decodeJournalBody, type StanzaAttributes } from './journal-body.ts'

/** Who a person is: by phone number, by LID, or both. JIDs without a device. */
export interface Person {
  pn?: string
  lid?: string
}

/** Finds what is missing of a person; answers what is known. */
export type FindPerson = (person: Person) => Promise<Person>

/** Kinds that carry keys or settings, and nothing for people. */
const SILENT_KINDS = new Set(['protocolMessage', 'senderKeyDistributionMessage', 'messageContextInfo'])
const TEXT_KINDS = new Set(['conversation', 'extendedTextMessage'])

/** The message of a row; undefined when there is nothing in it for people. */
export async function messageOf(
  body: Buffer,
  me: Person,
  findPerson: FindPerson,
  now: Date,
): Promise<ReceivedMessage | undefined> {
  const { stanza, plaintext } = decodeJournalBody(body)
  const content = contentOf(plaintext)
  if (!content || !stanza.id || !stanza.from || stanza.category === 'peer') return undefined
  const group = isJidGroup(stanza.from)
  const sender = await findPerson(group ? participantOf(stanza) : senderOf(stanza))
  const fromMe = isSame(sender, me)
  if (!group && !isPerson(stanza.from)) return undefined // status updates, newsletters
  const chat = group ? stanza.from : fromMe ? chatOf(await findPerson(recipientOf(stanza))) : chatOf(sender)
  if (!chat) return undefined
  return {
    id: uuidV7(now),
    chat,
    whatsappId: stanza.id,
    fromMe,
    ...senderFields(fromMe ? me : sender),
    ...(stanza.notify && !fromMe ? { senderName: withoutNul(stanza.notify) } : {}),
    ...content,
    status: fromMe ? 'sent' : 'received',
    sentAt: stanza.t ? new Date(Number(stanza.t) * 1000) : now,
  }
}

function contentOf(plaintext: Buffer): Pick<ReceivedMessage, 'type' | 'content'> | undefined {
  const outer = proto.Message.decode(unpadRandomMax16(plaintext))
  const message = normalizeMessageContent(outer.deviceSentMessage?.message ?? outer)
  const kind = Object.keys(message ?? {}).find((name) => !SILENT_KINDS.has(name))
  if (!message || !kind) return undefined
  const text = message.conversation || message.extendedTextMessage?.text
  if (text) return { type: 'text', content: { text: withoutNul(text) } }
  return TEXT_KINDS.has(kind) ? undefined : { type: 'unsupported', content: { kind } }
}

/** PN and LID of an address and its other form, whichever is which. */
function personOf(...jids: (string | undefined)[]): Person {
  const person: Person = {}
  for (const jid of jids) {
    if (!jid) continue
    if (isPnUser(jid)) person.pn ??= jidNormalizedUser(jid)
    else if (isLidUser(jid)) person.lid ??= jidNormalizedUser(jid)
  }
  return person
}

const senderOf = (stanza: StanzaAttributes): Person => personOf(stanza.from, stanza.sender_pn, stanza.sender_lid)
const participantOf = (stanza: StanzaAttributes): Person =>
  personOf(stanza.participant, stanza.participant_pn, stanza.participant_lid)
/** Of a message that our own phone sent; without a recipient it went to ourselves. */
const recipientOf = (stanza: StanzaAttributes): Person =>
  personOf(
    stanza.recipient ?? stanza.from,
    stanza.recipient_pn,
    stanza.recipient_lid,
    stanza.peer_recipient_pn,
    stanza.peer_recipient_lid,
  )

const chatOf = ({ pn, lid }: Person): string | undefined => pn ?? lid
const isPerson = (jid: string): boolean => Boolean(isPnUser(jid) || isLidUser(jid))
const isSame = (a: Person, b: Person): boolean =>
  (a.pn !== undefined && a.pn === b.pn) || (a.lid !== undefined && a.lid === b.lid)

const senderFields = ({ pn, lid }: Person): Pick<ReceivedMessage, 'senderPhone' | 'senderLid'> => ({
  ...(pn ? { senderPhone: phoneNumberOf(pn) } : {}),
  ...(lid ? { senderLid: lid } : {}),
})

/** E.164, from a JID of a phone number. */
export const phoneNumberOf = (jid: string): string => `+${jidDecode(jid)?.user}`

/** Postgres stores no U+0000. */
const withoutNul = (text: string): string => text.replaceAll('\u0000', '')
