// Addresses: a phone number or a LID, with a device number, as WhatsApp writes them.

export interface Jid {
  user: string
  /** 0 is the phone itself, others are linked devices. */
  device: number
  /** `s.whatsapp.net` for a phone number, `lid` for a LID, `g.us` for a group. */
  server: string
}

/** The server's own address: a jid without a user. */
export const SERVER = '@s.whatsapp.net'

/** Understands `user@server` and `user:device@server`; undefined when it's neither. */
export function parseJid(text: string | undefined): Jid | undefined {
  const match = /^(\d[\d-]*)(?::(\d{1,3}))?@([a-z.]+)$/.exec(text ?? '')
  if (!match) return undefined
  return { user: match[1]!, device: Number(match[2] ?? 0), server: match[3]! }
}

/** `device` 0 isn't written. */
export function numberJid(number: string, device = 0): string {
  return `${number}${device ? `:${device}` : ''}@s.whatsapp.net`
}

/** What a stanza from a group says of the member that it comes from. */
export function fromMember(group: string, member: { number: string; lid: string }, device = 0): Record<string, string> {
  const participant = lidJid(member.lid, device)
  return { from: group, participant, participant_pn: numberJid(member.number), addressing_mode: 'lid' }
}

/** `device` 0 isn't written. */
export function lidJid(lid: string, device = 0): string {
  return `${lid}${device ? `:${device}` : ''}@lid`
}
