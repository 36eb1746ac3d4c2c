// Stanzas (WhatsApp's binary XML): building them and taking them apart.
import type { BinaryNode } from '@whiskeysockets/baileys'

export type Stanza = BinaryNode

export function stanza(tag: string, attrs: Record<string, string> = {}, content?: Stanza['content']): Stanza {
  return content === undefined ? { tag, attrs } : { tag, attrs, content }
}

/** The child stanzas, or those with this tag. */
export function children(of: Stanza | undefined, tag?: string): Stanza[] {
  const all = Array.isArray(of?.content) ? of.content : []
  return tag === undefined ? all : all.filter((child) => child.tag === tag)
}

export function child(of: Stanza | undefined, tag: string): Stanza | undefined {
  return children(of).find((candidate) => candidate.tag === tag)
}

/** The bytes inside a stanza; undefined when it holds none. */
export function content(of: Stanza | undefined): Buffer | undefined {
  if (typeof of?.content === 'string') return Buffer.from(of.content)
  return of?.content instanceof Uint8Array ? Buffer.from(of.content) : undefined
}

/** The bytes inside the child with this tag. */
export function bytesOf(of: Stanza | undefined, tag: string): Buffer | undefined {
  return content(child(of, tag))
}

/** A big-endian unsigned number of any length up to 6 bytes. */
export function unsigned(bytes: Uint8Array): number {
  return Buffer.from(bytes).readUIntBE(0, bytes.length)
}

/** A stanza's time attribute: whole seconds. */
export function seconds(milliseconds: number): string {
  return String(Math.floor(milliseconds / 1000))
}

/** `iq 12 set urn: children` in short, for a log line or a fault; never a stanza's bytes. */
export function describe(of: Stanza): string {
  const attrs = Object.entries(of.attrs).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)
  const inside = children(of).map((each) => each.tag)
  return `<${of.tag}${attrs.join('')}${inside.length ? `> ${inside.slice(0, 8).join(' ')}` : '/>'}`.slice(0, 400)
}
