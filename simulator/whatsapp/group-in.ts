// A linked device sends a message to a group: one ciphertext for all, under the device's sender key, and a pairwise one
// with that key for each phone and device that doesn't have it yet. Stored and answered as 1:1 messages are.
//
// Somebody who couldn't read it gets it again alone, in a pairwise ciphertext: the stanza then names a participant.
import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { Group } from '../state/groups.ts'
import type { Phone } from '../state/phones.ts'
import { fromMember, lidJid } from './jid.ts'
import { checkIdentity, type Part, readParts } from './message-parts.ts'
import type { Network } from './network.ts'
import { lookAt, type Received, receiveAtPhone } from './phone-inbox.ts'
import { askToRetry, tellSender } from './receipts.ts'
import { sessionAddress } from './signal/endpoint.ts'
import { readGroupKey } from './signal/header.ts'
import { children, content, type Stanza, seconds } from './stanza.ts'
import { acknowledge, FORBIDDEN, NOT_FOUND, open, passOn, record, type Submission, show } from './submission.ts'

/** On its way from a device to a group. */
interface ToGroup extends Submission {
  group: Group
  /** For the members that these are for, or all. */
  parts: Part[]
  /** The ciphertext for all; undefined when it goes to one participant alone. */
  shared: Stanza | undefined
}

export async function receiveGroupMessage(submission: Submission): Promise<void> {
  const { connection, device, message, id } = submission
  const { network } = connection
  const group = network.state.groups.find(message.attrs.to!)
  if (!group?.members.includes(device.number)) return acknowledge(submission, group ? FORBIDDEN : NOT_FOUND)
  const parts = readParts(connection, message, (phone) => group.members.includes(phone.number))
  checkIdentity(connection, device, message, parts)
  const shared = children(message, 'enc').find((enc) => enc.attrs.type === 'skmsg')
  if (!shared && !message.attrs.participant) {
    connection.fault({ kind: 'no-recipients', detail: `Nobody in ${group.id} can read this message`, message: id })
  }
  const toGroup = { ...submission, group, parts, shared }
  const phones = group.members
    .filter((number) => shared || partFor(toGroup, number, 0))
    .map((number) => network.phone(number))
  await network.locks.exclusive(
    phones.map(({ number }) => number),
    async () => {
      const received: Received[] = []
      for (const phone of phones) received.push(await receiveAtMember(toGroup, phone))
      network.state.database.change(() => {
        record(submission, group.id, 'submitted')
        network.presence(device.number).stop(device.id, group.id)
        // The own phone first, so that it has its copy when a receipt raises that copy's status.
        for (const each of received) if (each.phone.number === device.number) takeOwnCopy(toGroup, each)
        for (const each of received) if (each.phone.number !== device.number) take(toGroup, each)
        for (const target of devicesOf(network, group)) forward(toGroup, target)
      })
    },
  )
  acknowledge(submission)
}

const partFor = ({ parts }: ToGroup, number: string, device: number): Part | undefined =>
  parts.find((part) => part.phone.number === number && part.device === device)

const devicesOf = (network: Network, group: Group): Device[] =>
  group.members.flatMap((number) => network.state.devices.of(number))

/** A member's phone decrypts what is for itself, learns the sender key from it, and decrypts what is for all. */
async function receiveAtMember(submission: ToGroup, phone: Phone): Promise<Received> {
  const { connection, device, group, shared } = submission
  const { network } = connection
  const part = partFor(submission, phone.number, 0)
  const own = part && (await receiveAtPhone(network, device, part))
  const author = { lid: network.phone(device.number).lid, device: device.id }
  const key = network.senderKeys.of(phone, group.id, author)
  const given = own?.plain && proto.Message.decode(unpadRandomMax16(own.plain)).senderKeyDistributionMessage
  if (given?.axolotlSenderKeyDistributionMessage) await key.learn(given.axolotlSenderKeyDistributionMessage)
  const store = () => {
    own?.store()
    key.store()
  }
  const alone = { phone, plain: own?.plain, copy: own?.copy ?? false, faults: own?.faults ?? [], store }
  const ciphertext = content(shared)
  if (!ciphertext) return alone

  const used = readGroupKey(ciphertext)
  const sighting = lookAt(network, phone, `${group.id} ${sessionAddress(author)}`, used, ciphertext)
  const received: Received = {
    phone,
    plain: undefined,
    copy: sighting.copy,
    faults: [...alone.faults, ...sighting.faults],
    store: () => {
      store()
      sighting.remember()
    },
  }
  if (sighting.copy) return received
  if (used && !part && !(await key.knows(used))) {
    received.faults.push({ kind: 'no-recipients', detail: `${phone.number} was never given the key of this message` })
    return received
  }
  try {
    received.plain = await key.decrypt(ciphertext)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    received.faults.push({
      kind: 'decrypt-failed',
      detail: `${phone.number} can't read a message to ${group.id}: ${reason}`,
    })
  }
  return received
}

/** The account's own phone shows what its linked device wrote. */
function takeOwnCopy(submission: ToGroup, received: Received): void {
  const { device, group } = submission
  const message = open(submission, received)
  if (!message) return
  show(submission, { number: device.number, chat: group.id, direction: 'out', address: group.id }, message)
}

/** A member's phone shows the message and says so, or asks for it again. */
function take(submission: ToGroup, received: Received): void {
  const { connection, device, message: sent, group, id } = submission
  const { network } = connection
  const { phone } = received
  const message = open(submission, received)
  if (received.copy) {
    record(submission, phone.number, 'duplicate')
  } else if (!message) {
    record(submission, phone.number, 'failed')
    askToRetry(network, device, phone, { id, chat: group.id, t: sent.attrs.t ?? seconds(network.now()) })
  } else {
    const address = lidJid(network.phone(device.number).lid)
    const isNew = show(submission, { number: phone.number, chat: group.id, direction: 'in', address }, message)
    record(submission, phone.number, isNew ? 'received' : 'duplicate')
    tellSender(network, {
      sender: device.number,
      reader: phone,
      group: group.id,
      id,
      status: 'delivered',
      repeat: true,
    })
  }
}

/** Passes on to a linked device of a member what is for it. */
function forward(submission: ToGroup, target: Device): void {
  const { connection, device, group, shared } = submission
  const part = partFor(submission, target.number, target.id)
  if ((!part && !shared) || (target.number === device.number && target.id === device.id)) return
  const author = connection.network.phone(device.number)
  passOn(submission, target, fromMember(group.id, author, device.id), part, shared)
}
