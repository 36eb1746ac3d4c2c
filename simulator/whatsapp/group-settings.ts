// What a group is called, says of itself and lets its members do, and the code that lets others in. The devices of all members
// are told, but not the device that did it.
import { SimulatorError } from '../errors.ts'
import type { Group } from '../state/groups.ts'
import { type Actor, asAdmin, groupOf, tell } from './group-changes.ts'
import { lidJid } from './jid.ts'
import type { Network } from './network.ts'
import { type Stanza, stanza } from './stanza.ts'

/** What a setting is called in stanzas: on, off. */
export const SETTINGS = {
  announcements: ['announcement', 'not_announcement'],
  locked: ['locked', 'unlocked'],
} as const

/** @throws SimulatorError group_not_found, not_a_member, not_an_admin */
export function renameGroup(network: Network, id: string, actor: Actor, subject: string): Group {
  asEditor(network, id, actor)
  return change(network, id, actor, () => {
    network.state.groups.rename(id, subject)
    return stanza('subject', { subject })
  })
}

/**
 * @param description undefined takes it away
 * @param previous the id of the one that the writer knows
 * @throws SimulatorError group_not_found, not_a_member, not_an_admin, description_outdated
 */
export function describeGroup(
  network: Network,
  id: string,
  actor: Actor,
  description: { id: string; text: string } | undefined,
  previous: string | undefined,
): Group {
  const { description: before } = asEditor(network, id, actor)
  if (before?.id !== previous) {
    throw new SimulatorError('description_outdated', `The group ${id} has another description by now. Read it first.`)
  }
  return change(network, id, actor, () => {
    network.state.groups.describe(id, description)
    if (!description) return stanza('description', { delete: 'true' })
    return stanza('description', { id: description.id }, [stanza('body', {}, Buffer.from(description.text))])
  })
}

/** @throws SimulatorError group_not_found, not_a_member, not_an_admin */
export function setGroup(
  network: Network,
  id: string,
  actor: Actor,
  setting: keyof typeof SETTINGS,
  isOn: boolean,
): Group {
  asAdmin(network, id, actor)
  return change(network, id, actor, () => {
    network.state.groups.set(id, setting, isOn)
    return stanza(SETTINGS[setting][isOn ? 0 : 1])
  })
}

/**
 * @param bytes undefined takes the picture away
 * @throws SimulatorError group_not_found, not_a_member, not_an_admin
 */
export function setGroupPicture(network: Network, id: string, actor: Actor, bytes: Buffer | undefined): void {
  const group = asEditor(network, id, actor)
  const { database, profiles } = network.state
  const author = lidJid(network.phone(actor.number).lid)
  database.change(() => {
    profiles.setPicture(id, bytes)
    const picture = profiles.picture(id)
    const told = picture ? stanza('set', { jid: id, author, id: picture.id }) : stanza('delete', { jid: id, author })
    tell(network, group, actor, group.members, told, 'picture')
  })
}

/** @throws SimulatorError group_not_found, not_a_member, not_an_admin */
export function renewInvite(network: Network, id: string, actor: Actor): string {
  asAdmin(network, id, actor)
  let code = ''
  change(network, id, actor, () => {
    code = network.state.groups.renewInvite(id)
    return stanza('invite', { code })
  })
  return code
}

/** @throws SimulatorError group_not_found, not_a_member, not_an_admin */
function asEditor(network: Network, id: string, actor: Actor): Group {
  const group = groupOf(network, id, actor)
  return group.locked ? asAdmin(network, id, actor) : group
}

/** @param work answers what the members are told */
function change(network: Network, id: string, actor: Actor, work: () => Stanza): Group {
  return network.state.database.change(() => {
    const told = work()
    const group = network.group(id)
    tell(network, group, actor, group.members, told)
    return group
  })
}
