/** IPv4 arithmetic. Pure. */

/** The address number `index` of a range: `addressOf('10.96.0.0/16', 1)` is `10.96.0.1`. */
export function addressOf(range: string, index: number): string {
  const { first } = parseRange(range)
  return formatAddress(first + index)
}

/** Do two ranges have an address in common? */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)]
  return a.first <= b.last && b.first <= a.last
}

/** First and last address of a CIDR (or of a single address) as numbers. */
function parseRange(range: string): { first: number; last: number } {
  const [address, length = '32'] = range.split('/')
  const size = 2 ** (32 - Number(length))
  const value = parseAddress(address!)
  const first = value - (value % size)
  return { first, last: first + size - 1 }
}

function parseAddress(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(value / 2 ** bits) % 256).join('.')
}
