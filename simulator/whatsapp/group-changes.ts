// Groups change: members come and go, the subject becomes another. Every member may add and rename; only who made the group
// (or, when that one left, who has been in it longest) may remove. The devices of all members are told, those who were
// removed among them, but not the device that did it.
//
// Who is removed still has the sender keys of the others: their phones make new ones for what they write from then on.
// Source: Baileys' handleGroupNotification.
import { SimulatorError } from '../errors.ts'
import type { Group } from '../state/groups.ts'
import type { Phone } from '../state/phones.ts'
import { fromMember, lidJid, numberJid } from './jid.ts'
import type { Network } from './network.ts'
import { notify } from './notices.ts'
import { groupStanza } from './queries/groups.ts'
import { type Stanza, stanza } from './stanza.ts'

/** Who changes a group. */
export interface Actor {
  number: string
  /** 0 is the phone. */
  device: number
}

/** The actor makes it, and is in it. @param others numbers of phones that exist */
export function makeGroup(network: Network, actor: Actor, subject: string, others: string[]): Group {
  const { database, groups } = network.state
  return database.change(() => {
    const group = groups.create(subject, [...new Set([actor.number, ...others])])
    tell(network, group, actor, group.members, stanza('create', {}, [groupStanza(network, group)]))
    return group
  })
}

/** Those who are in it already are left out. @throws SimulatorError group_not_found, not_a_member, phone_not_found */
export function addMembers(network: Network, id: string, actor: Actor, numbers: string[]): Group {
  const { database, groups } = network.state
  const before = groupOf(network, id, actor)
  const fresh = numbers.filter((number) => !before.members.includes(number)).map((number) => network.phone(number))
  if (fresh.length === 0) return before
  return database.change(() => {
    for (const { number } of fresh) groups.add(id, number)
    const group = network.group(id)
    tell(network, group, actor, group.members, stanza('add', {}, participants(fresh)))
    return group
  })
}

/**
 * Those who aren't in it are left out; whoever removes itself leaves.
 * @throws SimulatorError group_not_found, not_a_member, not_an_admin, phone_not_found
 */
export function removeMembers(network: Network, id: string, actor: Actor, numbers: string[]): Promise<Group> {
  const { members } = groupOf(network, id, actor)
  const leaves = numbers.every((number) => number === actor.number)
  if (!leaves && members[0] !== actor.number) {
    throw new SimulatorError('not_an_admin', `${actor.number} may not remove others from ${id}. ${members[0]} may.`)
  }
  // Nobody writes under an old key meanwhile.
  return network.locks.exclusive(members, async () => {
    const { database, groups } = network.state
    const before = network.group(id)
    const gone = numbers.filter((number) => before.members.includes(number)).map((number) => network.phone(number))
    if (gone.length === 0) return before
    return database.change(() => {
      for (const { number } of gone) groups.remove(id, number)
      for (const number of before.members) network.senderKeys.forget(network.phone(number), id)
      tell(network, before, actor, before.members, stanza('remove', {}, participants(gone)))
      return network.group(id)
    })
  })
}

/** @throws SimulatorError group_not_found, not_a_member */
export function renameGroup(network: Network, id: string, actor: Actor, subject: string): Group {
  const { database, groups } = network.state
  groupOf(network, id, actor)
  return database.change(() => {
    groups.rename(id, subject)
    const group = network.group(id)
    tell(network, group, actor, group.members, stanza('subject', { subject }))
    return group
  })
}

function groupOf(network: Network, id: string, { number }: Actor): Group {
  const group = network.group(id)
  if (group.members.includes(network.phone(number).number)) return group
  throw new SimulatorError('not_a_member', `${number} is not in the group ${id}. Choose one of its members.`)
}

/** To be called in a change. */
function tell(network: Network, group: Group, actor: Actor, numbers: string[], change: Stanza): void {
  const phone = network.phone(actor.number)
  const attrs = { ...fromMember(group.id, phone), from: group.id, type: 'w:gp2', notify: phone.name }
  for (const device of numbers.flatMap((number) => network.state.devices.of(number))) {
    if (device.number === actor.number && device.id === actor.device) continue
    notify(network, device, actor.number, attrs, [change])
  }
  network.publish({ type: 'group', group: group.id })
}

const participants = (phones: Phone[]): Stanza[] =>
  phones.map(({ lid, number }) => stanza('participant', { jid: lidJid(lid), phone_number: numberJid(number) }))
