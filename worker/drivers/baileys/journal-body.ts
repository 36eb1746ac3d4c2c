/**
 * A journal row: something that came and is not dealt with yet. Either a message, as its plain text and what its stanza said
 * around it, or a notice, as the stanza itself. Both: length of a JSON head (4 bytes), the head, the rest.
 */
import { type BinaryNode, decodeBinaryNode } from '@whiskeysockets/baileys'

/** What a row keeps of the stanza's attributes: who, where, when. */
const KEPT = [
  'id',
  'from',
  't',
  'type',
  'participant',
  'recipient',
  'notify',
  'category',
  'addressing_mode',
  'sender_pn',
  'sender_lid',
  'participant_pn',
  'participant_lid',
  'recipient_pn',
  'recipient_lid',
  'peer_recipient_pn',
  'peer_recipient_lid',
] as const

export type StanzaAttributes = Partial<Record<(typeof KEPT)[number], string>>

export interface JournalBody {
  stanza: StanzaAttributes
  /** Padded, as libsignal gives it: it is what Baileys must get again when the message is delivered once more. */
  plaintext: Buffer
}

/** The head of a notice's row. */
export interface NoticeHead {
  /** The stanza's tag. */
  notice: string
  /** The linked device that it came to: after a new link it is nobody's. */
  device: string
}

export const encodeJournalBody = ({ stanza, plaintext }: JournalBody): Buffer => join(stanza, plaintext)

export function decodeJournalBody(bytes: Buffer): JournalBody {
  return { stanza: JSON.parse(headOf(bytes)), plaintext: restOf(bytes) }
}

/** @param stanza as Baileys' encodeBinaryNode has it */
export const encodeNotice = (head: NoticeHead, stanza: Buffer): Buffer => join(head, stanza)

/** Undefined: the row is a message. */
export function noticeHeadOf(bytes: Buffer): NoticeHead | undefined {
  const head = JSON.parse(headOf(bytes))
  return 'notice' in head ? head : undefined
}

export const stanzaOfNotice = (bytes: Buffer): Promise<BinaryNode> => decodeBinaryNode(restOf(bytes))

export const keptAttributes = (attributes: Record<string, string | undefined>): StanzaAttributes =>
  Object.fromEntries(KEPT.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])))

function join(head: object, rest: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text, rest])
}

const endOfHead = (bytes: Buffer): number => 4 + bytes.readUInt32BE(0)
const headOf = (bytes: Buffer): string => bytes.toString('utf8', 4, endOfHead(bytes))
const restOf = (bytes: Buffer): Buffer => bytes.subarray(endOfHead(bytes))
