/** Which addresses the gateway may be sent to by a customer: those of the public Internet. Pure. */
import { BlockList, isIP } from 'node:net'

/** Special-purpose ranges of IPv4 (RFC 6890 and its registry); metadata services of clouds are in 169.254. */
export const IPV4_OTHERS: [net: string, prefix: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Within global unicast: what carries an IPv4 address (Teredo, 6to4), is for documentation or for protocols. */
export const IPV6_OTHERS: [net: string, prefix: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

const others = new BlockList()
for (const [net, prefix] of IPV4_OTHERS) others.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of IPV6_OTHERS) others.addSubnet(net, prefix, 'ipv6')
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/** Of an IP address in any of its forms; all else is not public. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !others.check(address, 'ipv4')
    case 6:
      // All others, mapped IPv4 (::ffff:…) and NAT64 (64:ff9b::…) among them, are left out.
      return globalUnicast.check(address, 'ipv6') && !others.check(address, 'ipv6')
    default:
      return false
  }
}
