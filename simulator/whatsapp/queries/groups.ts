// "w:g2" queries: which groups an account is in, who is in a group, and changes of it. Members are named by their LID, as WhatsApp does in
// groups that were made lately.
import { SimulatorError } from '../../errors.ts'
import type { Device } from '../../state/devices.ts'
import type { Group } from '../../state/groups.ts'
import { type Actor, addMembers, makeGroup, removeMembers, renameGroup } from '../group-changes.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { children, content, type Stanza, seconds, stanza } from '../stanza.ts'
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

/** A new group of the account and of those who are on WhatsApp. */
export function answerCreate(network: Network, device: Device, asked: Stanza): Answer {
  const others = children(asked, 'participant').flatMap(({ attrs }) => network.phoneOf(attrs.jid)?.number ?? [])
  const group = makeGroup(network, actorOf(device), asked.attrs.subject ?? '', others)
  return [groupStanza(network, group)]
}

/** Members are added or removed: what became of each is said in the answer. */
export function answerMembers(
  network: Network,
  device: Device,
  id: string | undefined,
  asked: Stanza,
): Promise<Answer> {
  return unlessRefused(async () => {
    const isAdded = asked.tag === 'add'
    const before = network.group(id ?? '').members
    const named = children(asked, 'participant').map(({ attrs: { jid = '' } }) => ({
      jid,
      phone: network.phoneOf(jid),
    }))
    const numbers = named.flatMap(({ phone }) => phone?.number ?? [])
    if (isAdded) addMembers(network, id ?? '', actorOf(device), numbers)
    else await removeMembers(network, id ?? '', actorOf(device), numbers)
    const errorOf = (number: string | undefined): Record<string, string> => {
      if (number === undefined || (!isAdded && !before.includes(number))) return { error: '404' }
      return isAdded && before.includes(number) ? { error: '409' } : {}
    }
    const results = named.map(({ jid, phone }) => stanza('participant', { jid, ...errorOf(phone?.number) }))
    return [stanza(asked.tag, {}, results)]
  })
}

/** The account leaves groups. */
export function answerLeave(network: Network, device: Device, asked: Stanza): Promise<Answer> {
  const ids = children(asked, 'group').map(({ attrs: { id = '' } }) => id)
  return unlessRefused(async () => {
    for (const id of ids) await removeMembers(network, id, actorOf(device), [device.number])
    const left = ids.map((id) => stanza('group', { id }))
    return [stanza('leave', {}, left)]
  })
}

export function answerSubject(
  network: Network,
  device: Device,
  id: string | undefined,
  asked: Stanza,
): Promise<Answer> {
  return unlessRefused(async () => {
    renameGroup(network, id ?? '', actorOf(device), content(asked)?.toString() ?? '')
    return []
  })
}

const actorOf = ({ number, id }: Device): Actor => ({ number, device: id })

/** What the control API refuses with an error, the protocol refuses with its code. */
async function unlessRefused(change: () => Promise<Stanza[]>): Promise<Answer> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    return { error: String(error.status), text: error.status === 403 ? 'forbidden' : 'item-not-found' }
  }
}

export function groupStanza(network: Network, { id, subject, members, createdAt }: Group): Stanza {
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
