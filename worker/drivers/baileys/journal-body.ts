/** A journal row: the plain text as it was decrypted, and what its stanza said around it. */

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

/** Length of the stanza's JSON (4 bytes), the JSON, the plain text. */
export function encodeJournalBody({ stanza, plaintext }: JournalBody): Buffer {
  const head = Buffer.from(JSON.stringify(stanza))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, plaintext])
}

export function decodeJournalBody(bytes: Buffer): JournalBody {
  const end = 4 + bytes.readUInt32BE(0)
  return { stanza: JSON.parse(bytes.toString('utf8', 4, end)), plaintext: bytes.subarray(end) }
}

export const keptAttributes = (attributes: Record<string, string | undefined>): StanzaAttributes =>
  Object.fromEntries(KEPT.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])))
