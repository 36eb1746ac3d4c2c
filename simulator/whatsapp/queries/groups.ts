// "w:g2" queries: which groups an account is in, who is in a group, and changes of it. Members are named by their LID, as WhatsApp does in
// groups that were made lately.
import { randomBytes } from 'node:crypto'
import { SimulatorError } from '../../errors.ts'
import type { Device } from '../../state/devices.ts'
import type { Group } from '../../state/groups.ts'
import type { Phone } from '../../state/phones.ts'
import { type Actor, addMembers, asAdmin, joinGroup, makeGroup, removeMembers, setAdmins } from '../group-changes.ts'
import { describeGroup, renameGroup, renewInvite, SETTINGS, setGroup } from '../group-settings.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { bytesOf, children, content, type Stanza, seconds, stanza } from '../stanza.ts'
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

/** A new group of the account and of those who are on WhatsApp; the others stand in the answer with what keeps them away. */
export function answerCreate(network: Network, device: Device, asked: Stanza): Answer {
  const named = namedIn(network, asked)
  const others = named.flatMap(({ phone }) =>
    phone && !network.state.profiles.asksFirst(phone.number) ? phone.number : [],
  )
  const group = makeGroup(network, actorOf(device), asked.attrs.subject ?? '', others)
  const away = named.filter(({ phone }) => !phone || !group.members.includes(phone.number))
  return [
    groupStanza(
      network,
      group,
      away.map(({ jid, phone }) => refusedStanza(jid, phone ? '403' : '404')),
    ),
  ]
}

/** Members are added, removed, made admins or members again: what became of each is said in the answer. */
export function answerMembers(
  network: Network,
  device: Device,
  id: string | undefined,
  asked: Stanza,
): Promise<Answer> {
  return unlessRefused(async () => {
    const before = network.group(id ?? '').members
    const named = namedIn(network, asked).map((each) => ({
      ...each,
      error: errorOf(network, before, asked.tag, each.phone),
    }))
    const numbers = named.flatMap(({ phone, error }) => (phone && !error ? phone.number : []))
    const actor = actorOf(device)
    if (asked.tag === 'add') addMembers(network, id ?? '', actor, numbers)
    else if (asked.tag === 'remove') await removeMembers(network, id ?? '', actor, numbers)
    else setAdmins(network, id ?? '', actor, numbers, asked.tag === 'promote')
    const results = named.map(({ jid, error }) => (error ? refusedStanza(jid, error) : stanza('participant', { jid })))
    return [stanza(asked.tag, {}, results)]
  })
}

const namedIn = (network: Network, asked: Stanza) =>
  children(asked, 'participant').map(({ attrs: { jid = '' } }) => ({ jid, phone: network.phoneOf(jid) }))

/** What keeps a change from somebody, as WhatsApp says it; undefined: nothing does. */
function errorOf(network: Network, members: string[], change: string, phone: Phone | undefined): string | undefined {
  if (!phone) return '404'
  const isMember = members.includes(phone.number)
  if (change !== 'add') return isMember ? undefined : '404'
  if (isMember) return '409'
  return network.state.profiles.asksFirst(phone.number) ? '403' : undefined
}

/** Who may not be added can be invited with what stands within. */
function refusedStanza(jid: string, error: string): Stanza {
  const invitation = stanza('add_request', { code: randomBytes(12).toString('base64url'), expiration: '259200' })
  return stanza('participant', { jid, error }, error === '403' ? [invitation] : undefined)
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

/** Whoever writes a description names the one before. */
export function answerDescription(
  network: Network,
  device: Device,
  id: string | undefined,
  asked: Stanza,
): Promise<Answer> {
  return unlessRefused(async () => {
    const { id: descriptionId, prev } = asked.attrs
    const text = bytesOf(asked, 'body')?.toString()
    const description = text && descriptionId ? { id: descriptionId, text } : undefined
    describeGroup(network, id ?? '', actorOf(device), description, prev)
    return []
  })
}

/** `announcement`, `unlocked` and so on; undefined when it is no setting. */
export function answerSetting(
  network: Network,
  device: Device,
  id: string | undefined,
  asked: Stanza | undefined,
): Promise<Answer> | undefined {
  for (const setting of ['announcements', 'locked'] as const) {
    const [on, off] = SETTINGS[setting]
    if (asked?.tag !== on && asked?.tag !== off) continue
    return unlessRefused(async () => {
      setGroup(network, id ?? '', actorOf(device), setting, asked.tag === on)
      return []
    })
  }
  return undefined
}

/** With a code, the account joins its group; else an admin asks for the group's code, or has it renewed. */
export function answerInvite(
  network: Network,
  device: Device,
  query: Stanza,
  { attrs: { code } }: Stanza,
): Promise<Answer> {
  const { to = '', type } = query.attrs
  return unlessRefused(async () => {
    const actor = actorOf(device)
    if (code !== undefined) return [stanza('group', { jid: joinGroup(network, actor, code).id })]
    const found = type === 'set' ? renewInvite(network, to, actor) : inviteOf(network, to, actor)
    return [stanza('invite', { code: found })]
  })
}

function inviteOf(network: Network, id: string, actor: Actor): string {
  asAdmin(network, id, actor)
  return network.state.groups.invite(id)
}

const actorOf = ({ number, id }: Device): Actor => ({ number, device: id })

/** What the control API refuses with an error, the protocol refuses with its code. */
async function unlessRefused(change: () => Promise<Stanza[]>): Promise<Answer> {
  try {
    return await change()
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error
    return { error: String(error.status), text: TEXTS[error.status] ?? 'item-not-found' }
  }
}

const TEXTS: Record<number, string> = { 403: 'forbidden', 406: 'not-acceptable', 409: 'conflict' }

/** @param refused those who could not be added, as they stand in the answer to who made the group */
export function groupStanza(network: Network, group: Group, refused: Stanza[] = []): Stanza {
  const { id, subject, members, admins, description, createdAt } = group
  const [creator, ...others] = members.map((number) => network.phone(number))
  const at = seconds(createdAt)
  const made = { creator: lidJid(creator!.lid), creation: at, s_o: lidJid(creator!.lid), s_t: at }
  const participants = [creator!, ...others].map(({ lid, number }) => {
    const attrs = { jid: lidJid(lid), phone_number: numberJid(number) }
    if (number === creator!.number) return stanza('participant', { ...attrs, type: 'superadmin' })
    return stanza('participant', admins.includes(number) ? { ...attrs, type: 'admin' } : attrs)
  })
  const parts = [...participants, ...refused]
  if (description) {
    parts.push(
      stanza('description', { id: description.id, t: at }, [stanza('body', {}, Buffer.from(description.text))]),
    )
  }
  for (const setting of ['announcements', 'locked'] as const)
    if (group[setting]) parts.push(stanza(SETTINGS[setting][0]))
  const size = String(members.length)
  return stanza('group', { id: id.split('@')[0]!, subject, size, addressing_mode: 'lid', ...made }, parts)
}
