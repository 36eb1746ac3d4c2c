/** Where an installation lets customers have events sent to. Pure. */
import { isIP } from 'node:net'
import { isPublic } from '../media/address.ts'

/**
 * `https`: https on the public Internet; `http`: http there, too; `anywhere`: any address, those of our own network among
 * them, which is for an installation that only its owner uses.
 */
export const TARGETS = ['https', 'http', 'anywhere'] as const
export type Targets = (typeof TARGETS)[number]

const MAX_URL = 2048

/** Of an IP address. */
export const isAllowed = (targets: Targets, address: string): boolean => targets === 'anywhere' || isPublic(address)

/** What is wrong with an address, in words for customers. What its name leads to is looked at with each connection. */
export function problemOf(targets: Targets, address: string): string | undefined {
  if (address.length > MAX_URL || !URL.canParse(address)) return 'Write a URL, as https://example.com/whatsapp'
  const { protocol, username, password, hostname } = new URL(address)
  if (protocol !== 'https:' && (targets === 'https' || protocol !== 'http:')) {
    return targets === 'https' ? 'Write an address that begins with https://' : 'Write http:// or https://'
  }
  if (username || password) return 'Put a user name or password into "headers", not into the address'
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) && !isAllowed(targets, host)) return 'Write an address of the public Internet'
  return undefined
}
