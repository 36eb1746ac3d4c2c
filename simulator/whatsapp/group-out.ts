// A phone writes to a group: the linked devices of all members get the message, encrypted once under the phone's sender
// key. A device that doesn't have that key yet gets it along with the message, encrypted for itself.
import { encodeWAMessage, proto } from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Group } from '../state/groups.ts'
import type { Phone } from '../state/phones.ts'
import { keptOf, stanzaAttributes } from './content/content.ts'
import { fromMember, lidJid } from './jid.ts'
import { encStanza, enqueue, messageId, type Resend, retryCount, seal } from './message-out.ts'
import type { Network } from './network.ts'
import type { Remote, Sealed } from './signal/endpoint.ts'
import { seconds, stanza } from './stanza.ts'

/**
 * Resolves with the message's id once everything is stored; the devices get it now or at their next login.
 * @throws SimulatorError phone_not_found, group_not_found, not_a_member
 */
export function sendToGroup(network: Network, from: string, to: string, message: proto.IMessage): Promise<string> {
  const writer = network.phone(from)
  if (!network.group(to).members.includes(from)) {
    throw new SimulatorError('not_a_member', `${from} is not in the group ${to}. Write from one of its members.`)
  }
  const { devices, database } = network.state
  const id = messageId(network)
  return network.locks.exclusive([from], async () => {
    // As it is now: somebody may have been removed meanwhile.
    const group = network.group(to)
    const key = network.senderKeys.of(writer, group.id, { lid: writer.lid, device: 0 })
    const gift = keyGift(group, await key.distribution())
    const ciphertext = await key.encrypt(encodeWAMessage(message))
    const outgoing: { device: Device; remote: Remote; sealed: Sealed | undefined }[] = []
    for (const device of group.members.flatMap((number) => devices.of(number))) {
      const remote = { lid: network.phone(device.number).lid, device: device.id }
      const isGiven = network.senderKeys.isGiven(writer, group.id, remote)
      outgoing.push({ device, remote, sealed: isGiven ? undefined : await seal(network, writer, device, gift) })
    }
    database.change(() => {
      key.store()
      showAtMembers(network, group, writer, { id, message })
      const attrs = envelope(network, group, writer, id, message)
      for (const { device, remote, sealed } of outgoing) {
        const shared = stanza('enc', { v: '2', type: 'skmsg' }, ciphertext)
        enqueue(network, writer, device, attrs, sealed ? [encStanza(sealed), shared] : [shared])
        network.senderKeys.given(writer, group.id, remote)
      }
    })
    return id
  })
}

/** A device couldn't read a message of this phone: it gets it again, alone, with the phone's sender key. */
export function resendToMember(network: Network, to: string, { from, device, id, retry }: Resend): Promise<void> {
  const writer = network.phone(from)
  const group = network.group(to)
  return network.locks.exclusive([from], async () => {
    const sent = network.state.messages.find(from, group.id, id, 'out')
    if (!sent) return
    const key = network.senderKeys.of(writer, group.id, { lid: writer.lid, device: 0 })
    const message = proto.Message.decode(sent.content)
    const again = { ...message, ...keyGift(group, await key.distribution()) }
    const sealed = await seal(network, writer, device, again, true)
    network.state.database.change(() => {
      const encs = [encStanza(sealed, retryCount(retry))]
      enqueue(network, writer, device, envelope(network, group, writer, id, message), encs)
    })
  })
}

const keyGift = (group: Group, distribution: Uint8Array): proto.IMessage => ({
  senderKeyDistributionMessage: { groupId: group.id, axolotlSenderKeyDistributionMessage: distribution },
})

/** The writer's phone shows it, and so do those of the others, which are always on line. */
function showAtMembers(
  network: Network,
  group: Group,
  writer: Phone,
  { id, message }: { id: string; message: proto.IMessage },
): void {
  const { devices, messages } = network.state
  const shared = { id, chat: group.id, ...keptOf(message)!, at: network.now() }
  const others = group.members.filter((number) => number !== writer.number)
  // Where nobody has a linked device, the phones have it at once; else the devices' receipts say when.
  const status = others.some((number) => devices.of(number).length > 0) ? 'sent' : 'delivered'
  messages.add(writer.number, { ...shared, direction: 'out', address: group.id, status })
  for (const number of others) {
    messages.add(number, { ...shared, direction: 'in', address: lidJid(writer.lid), status: 'received' })
  }
  for (const number of group.members) network.publish({ type: 'chat', number, chat: group.id })
}

const envelope = (
  network: Network,
  group: Group,
  writer: Phone,
  id: string,
  message: proto.IMessage,
): Record<string, string> => ({
  ...fromMember(group.id, writer),
  id,
  ...stanzaAttributes(message),
  t: seconds(network.now()),
  notify: writer.name,
})
