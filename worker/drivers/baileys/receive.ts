/**
 * From a journal row to the message that people see. Pure, but for the look-up of a contact's other address.
 * What is in it is read in messages/.
 */
import { contentOf } from '@berth/core/model/message.ts'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'
import { isJidGroup, isLidUser, isPnUser, proto, unpadRandomMax16 } from '@whiskeysockets/baileys'
import { uuidV7 } from '../../uuid.ts'
import { decodeJournalBody, type StanzaAttributes } from './journal-body.ts'
import { fromProto } from './messages/convert.ts'
import { announced, isMediaType } from './messages/media.ts'
import { type FindPerson, isSame, type Person, personOf, phoneNumberOf } from './person.ts'

/** The message of a row; undefined when there is nothing in it for people. */
export async function messageOf(
  body: Buffer,
  me: Person,
  findPerson: FindPerson,
  now: Date,
): Promise<ReceivedMessage | undefined> {
  const { stanza, plaintext } = decodeJournalBody(body)
  if (!stanza.id || !stanza.from || stanza.category === 'peer') return undefined
  const group = isJidGroup(stanza.from)
  if (!group && !isPerson(stanza.from)) return undefined // status updates, newsletters
  const sender = await findPerson(group ? participantOf(stanza) : senderOf(stanza))
  const fromMe = isSame(sender, me)
  const chat = group ? stanza.from : fromMe ? chatOf(await findPerson(recipientOf(stanza))) : chatOf(sender)
  if (!chat) return undefined
  const message = fromProto(decrypted(plaintext), { chat, me, sender, fromMe })
  return (
    message && {
      id: uuidV7(now),
      chat,
      whatsappId: stanza.id,
      fromMe,
      ...senderFields(fromMe ? me : sender),
      ...(stanza.notify && !fromMe ? { senderName: storable(stanza.notify) } : {}),
      type: message.type,
      content: isMediaType(message.type) ? announced(contentOf(message), uuidV7(now)) : contentOf(message),
      status: fromMe ? 'sent' : 'received',
      sentAt: stanza.t ? new Date(Number(stanza.t) * 1000) : now,
    }
  )
}

/** What was sent; of a copy from an own device, what that sent to the chat. */
function decrypted(plaintext: Buffer): proto.IMessage {
  const message = proto.Message.decode(unpadRandomMax16(plaintext))
  const sent = message.deviceSentMessage?.message
  return sent ? { messageContextInfo: message.messageContextInfo, ...sent } : message
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

const senderFields = ({ pn, lid }: Person): Pick<ReceivedMessage, 'senderPhone' | 'senderLid'> => ({
  ...(pn ? { senderPhone: phoneNumberOf(pn) } : {}),
  ...(lid ? { senderLid: lid } : {}),
})

/** Text that Postgres can store. */
const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '')
