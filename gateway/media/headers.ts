/** The headers of a file: which part is asked for, what it is called, and that it runs nothing. Pure. */
import type { ByteRange } from '@berth/core/media/store.ts'

/**
 * What `Range: bytes=…` asks for. undefined: everything, as also for what this does not understand (RFC 9110, 14.2);
 * 'beyond': there is no such part.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'beyond' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  const [, from = '', to = ''] = match ?? []
  if (!match || (from === '' && to === '')) return undefined
  if (from === '') {
    const length = Math.min(Number(to), size)
    return length === 0 ? 'beyond' : { first: size - length, last: size - 1 }
  }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return undefined
  return first < size ? { first, last } : 'beyond'
}

/** What browsers show by themselves and that can't carry a program; all else is offered for keeping. */
const SHOWN = /^(image\/(jpeg|png|gif|webp|avif)|video\/(mp4|webm|3gpp|quicktime)|audio\/[\w.+-]+)(;|$)/

/** A name that no file system trips over: no folders, no control characters, nothing hidden. */
export function safeFileName(name: string): string {
  const flat = name
    .toWellFormed()
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069/\\:*?"<>|]/g, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '')
  return Array.from(flat).slice(0, 120).join('') || 'file'
}

/** Content-Disposition (RFC 6266): the name in ASCII, and as it is. */
export function dispositionOf(mimeType: string, fileName: string | null): string {
  const kind = SHOWN.test(mimeType) ? 'inline' : 'attachment'
  if (fileName === null) return kind
  const name = safeFileName(fileName)
  const plain = name.replace(/[^\x20-\x7e]/g, '_').replaceAll('%', '_')
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
