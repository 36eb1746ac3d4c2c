/** Cards of people (vCard 3.0), as far as WhatsApp uses them. Pure. */

const escaped = (text: string): string => text.replace(/[\\;,]/g, '\\$&').replace(/\r\n|\r|\n/g, '\\n')

/** @param phoneNumber E.164; WhatsApp offers to write to it */
export const vcardOf = (name: string, phoneNumber: string | undefined): string =>
  [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `FN:${escaped(name)}`,
    ...(phoneNumber ? [`TEL;type=CELL;waid=${phoneNumber.slice(1)}:${phoneNumber}`] : []),
    'END:VCARD',
  ].join('\n')

/** The first number of a card as E.164; undefined when it has none that can be one. */
export function phoneNumberIn(vcard: string): string | undefined {
  const account = /^(?:[\w-]+\.)?TEL[^:\n]*;waid=(\d{5,20})[^:\n]*:/im.exec(vcard)?.[1]
  if (account) return `+${account}`
  const written = /^(?:[\w-]+\.)?TEL[^:\n]*:\s*(\+[\d\s().-]+)/im.exec(vcard)?.[1]?.replace(/[^+\d]/g, '')
  return written && /^\+[1-9]\d{4,19}$/.test(written) ? written : undefined
}
