/** What kind of file it is, by its first bytes: what a sender says of it is believed only where bytes say nothing else. Pure. */

/** As many as sniffType looks at. */
export const SNIFFED_BYTES = 64

const UNKNOWN = 'application/octet-stream'

const text = (head: Uint8Array, at: number, length: number): string =>
  Buffer.from(head.subarray(at, at + length)).toString('latin1')
const startsWith = (head: Uint8Array, ...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte)

/** The brand of an ISO base media file (ISO/IEC 14496-12), as far as it is another type than MP4. */
const BRANDS: Record<string, string> = {
  'M4A ': 'audio/mp4',
  'M4B ': 'audio/mp4',
  'qt  ': 'video/quicktime',
  heic: 'image/heic',
  heix: 'image/heic',
  mif1: 'image/heif',
  avif: 'image/avif',
}

const SIGNATURES: [type: string, fits: (head: Uint8Array) => boolean][] = [
  ['image/jpeg', (head) => startsWith(head, 0xff, 0xd8, 0xff)],
  ['image/png', (head) => text(head, 1, 3) === 'PNG' && startsWith(head, 0x89)],
  ['image/gif', (head) => /^GIF8[79]a/.test(text(head, 0, 6))],
  ['image/webp', (head) => text(head, 0, 4) === 'RIFF' && text(head, 8, 4) === 'WEBP'],
  ['audio/wav', (head) => text(head, 0, 4) === 'RIFF' && text(head, 8, 4) === 'WAVE'],
  ['application/pdf', (head) => text(head, 0, 5) === '%PDF-'],
  ['audio/ogg', (head) => text(head, 0, 4) === 'OggS'],
  ['audio/mpeg', (head) => text(head, 0, 3) === 'ID3' || (head[0] === 0xff && ((head[1] ?? 0) & 0xf6) === 0xf2)],
  ['audio/aac', (head) => head[0] === 0xff && ((head[1] ?? 0) & 0xf6) === 0xf0],
  ['audio/amr', (head) => text(head, 0, 5) === '#!AMR'],
  ['video/webm', (head) => startsWith(head, 0x1a, 0x45, 0xdf, 0xa3)],
  ['application/zip', (head) => startsWith(head, 0x50, 0x4b, 0x03, 0x04)],
]

function signatureOf(head: Uint8Array): string | undefined {
  if (text(head, 4, 4) === 'ftyp') {
    const brand = text(head, 8, 4)
    return BRANDS[brand] ?? (brand.startsWith('3g') ? 'video/3gpp' : 'video/mp4')
  }
  return SIGNATURES.find(([, fits]) => fits(head))?.[0]
}

/** Containers of which the bytes don't say what is in them. */
const MAY_BE: Record<string, RegExp> = {
  'application/zip': /^application\//,
  'audio/ogg': /^(audio|video|application)\/ogg$/,
  'video/webm': /^(audio|video)\/(webm|x-matroska)$/,
  'video/mp4': /^(audio|video)\/mp4$/,
}

/** A media type with parameters, as `audio/ogg; codecs=opus`. */
const MEDIA_TYPE = /^([a-z0-9][\w.+-]{0,100}\/[a-z0-9][\w.+-]{0,100})(?:; *[\w-]+=[\w.,+"-]+)*$/i

/** @param declared what the sender says it is */
export function sniffType(head: Uint8Array, declared?: string): string {
  const essence = declared && MEDIA_TYPE.exec(declared.trim())?.[1]?.toLowerCase()
  const found = signatureOf(head)
  if (!essence) return found ?? UNKNOWN
  if (found) return essence === found || MAY_BE[found]?.test(essence) ? declared.trim() : found
  // Of these the bytes would say so.
  return /^(image\/(jpeg|png|gif|webp)|application\/pdf)$/.test(essence) ? UNKNOWN : declared.trim()
}
