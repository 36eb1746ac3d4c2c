// "w:g2" queries: which groups an account is in, and who is in a group. Members are named by their LID, as WhatsApp does in
// groups that were made lately.
import type { Device } from '../../state/devices.ts'
import type { Group } from '../../state/groups.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { type Stanza, seconds, stanza } from '../stanza.ts'
import type { Answer } from './answer.ts'

/** The groups that the device's account is in. */
export function answerParticipating(network: Network, device: Device): Answer {
  const groups = network.state.groups.of(device.number)
  return [
    stanza(
      'groups',
      {},
      groups.map((group) => groupStanza(network, group)),
    ),
  ]
}

/** @param id what the query was sent to */
export function answerGroup(network: Network, device: Device, id: string | undefined): Answer {
  const group = network.state.groups.find(id ?? '')
  if (!group) return { error: '404', text: 'item-not-found' }
  if (!group.members.includes(device.number)) return { error: '403', text: 'forbidden' }
  return [groupStanza(network, group)]
}

function groupStanza(network: Network, { id, subject, members, createdAt }: Group): Stanza {
  const [creator, ...others] = members.map((number) => network.phone(number))
  const at = seconds(createdAt)
  const made = { creator: lidJid(creator!.lid), creation: at, s_o: lidJid(creator!.lid), s_t: at }
  const participants = [creator!, ...others].map(({ lid, number }) => {
    const attrs = { jid: lidJid(lid), phone_number: numberJid(number) }
    return stanza('participant', number === creator!.number ? { ...attrs, type: 'superadmin' } : attrs)
  })
  const size = String(members.length)
  return stanza('group', { id: id.split('@')[0]!, subject, size, addressing_mode: 'lid', ...made }, participants)
}
