// Members of groups come and go, and become admins or no longer are. Every member may add; only admins may do more. Who made
// the group (or, when that one left, who has been in it longest) is an admin whatever the others do. The devices of all
// members are told, those who were removed among them, but not the device that did it.
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
  const leaves = numbers.every((number) => number === actor.number)
  const { members } = leaves ? groupOf(network, id, actor) : asAdmin(network, id, actor)
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

/**
 * Those who aren't in it, or are what they are to become, are left out, and who made the group.
 * @throws SimulatorError group_not_found, not_a_member, not_an_admin, phone_not_found
 */
export function setAdmins(network: Network, id: string, actor: Actor, numbers: string[], become: boolean): Group {
  const { database, groups } = network.state
  const { members, admins } = asAdmin(network, id, actor)
  const others = numbers.filter((number) => members.includes(number) && number !== members[0])
  const changed = others.filter((number) => admins.includes(number) !== become).map((number) => network.phone(number))
  return database.change(() => {
    for (const { number } of changed) groups.setAdmin(id, number, become)
    const group = network.group(id)
    if (changed.length > 0) {
      tell(network, group, actor, members, stanza(become ? 'promote' : 'demote', {}, participants(changed)))
    }
    return group
  })
}

/**
 * Whoever has the code of an invitation joins; answers the group, in which it is now.
 * @throws SimulatorError invite_unknown, already_a_member
 */
export function joinGroup(network: Network, actor: Actor, code: string): Group {
  const { database, groups } = network.state
  const { id, members } = groups.findByInvite(code) ?? {}
  if (!id || !members) throw new SimulatorError('invite_unknown', `No group has the invitation ${code} (any more).`)
  if (members.includes(actor.number))
    throw new SimulatorError('already_a_member', `${actor.number} is in ${id} already.`)
  return database.change(() => {
    groups.add(id, actor.number)
    const group = network.group(id)
    const joined = stanza('add', { reason: 'invite' }, participants([network.phone(actor.number)]))
    tell(network, group, actor, group.members, joined)
    return group
  })
}

/** @throws SimulatorError group_not_found, not_a_member, not_an_admin */
export function asAdmin(network: Network, id: string, actor: Actor): Group {
  const group = groupOf(network, id, actor)
  if (group.admins.includes(actor.number)) return group
  const admins = group.admins.join(', ')
  throw new SimulatorError('not_an_admin', `${actor.number} is no admin of the group ${id}. Admins: ${admins}.`)
}

/** @throws SimulatorError group_not_found, not_a_member */
export function groupOf(network: Network, id: string, { number }: Actor): Group {
  const group = network.group(id)
  if (group.members.includes(network.phone(number).number)) return group
  throw new SimulatorError('not_a_member', `${number} is not in the group ${id}. Choose one of its members.`)
}

/** To be called in a change. */
export function tell(
  network: Network,
  group: Group,
  actor: Actor,
  numbers: string[],
  change: Stanza,
  type: 'w:gp2' | 'picture' = 'w:gp2',
): void {
  const phone = network.phone(actor.number)
  const attrs = { ...fromMember(group.id, phone), from: group.id, type, notify: phone.name }
  for (const device of numbers.flatMap((number) => network.state.devices.of(number))) {
    if (device.number === actor.number && device.id === actor.device) continue
    notify(network, device, actor.number, attrs, [change])
  }
  network.publish({ type: 'group', group: group.id })
}

const participants = (phones: Phone[]): Stanza[] =>
  phones.map(({ lid, number }) => stanza('participant', { jid: lidJid(lid), phone_number: numberJid(number) }))
