// A linked device sends a message: one ciphertext for each phone and device of both sides.
//
// All phones that it's for are locked, each decrypts its part, and then one change stores everything: ratchet steps, what
// the phones show, what other devices are owed, receipts, ledger. The server's ack leaves after that commit, so an
// accepted message is never lost, and one that isn't accepted leaves nothing but faults.
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import type { Connection } from './connection.ts'
import { receiveGroupMessage } from './group-in.ts'
import { lidJid, numberJid, parseJid } from './jid.ts'
import { checkIdentity, type Part, readParts } from './message-parts.ts'
import { type Received, receiveAtPhone } from './phone-inbox.ts'
import { askToRetry, tellSender } from './receipts.ts'
import { bytesOf, describe, type Stanza, seconds } from './stanza.ts'
import { acknowledge, NOT_ACCEPTABLE, NOT_FOUND, open, passOn, record, type Submission, show } from './submission.ts'

/** On its way from a device to the account of `peer`. */
interface Direct extends Submission {
  peer: Phone
}

export async function receiveMessage(connection: Connection, device: Device, message: Stanza): Promise<void> {
  const { network } = connection
  const { to, id } = message.attrs as { to: string; id: string }
  const submission = { connection, device, message, id }
  const server = parseJid(to)?.server
  if (server === 'g.us') return receiveGroupMessage(submission)
  if (server !== 's.whatsapp.net' && server !== 'lid') {
    connection.fault({ kind: 'unknown-stanza', detail: `Nothing to write to: ${describe(message)}`, message: id })
    acknowledge(submission, NOT_ACCEPTABLE)
    return
  }
  const peer = network.phoneOf(to)
  // Not a fault: anybody may write to a number that isn't on WhatsApp.
  if (!peer) {
    acknowledge(submission, NOT_FOUND)
    return
  }
  await receiveDirect({ ...submission, peer })
  acknowledge(submission)
}

async function receiveDirect(submission: Direct): Promise<void> {
  const { connection, device, message, peer, id } = submission
  const { network } = connection
  const all = readParts(connection, message, (phone) => phone === peer || phone.number === device.number)
  if (!all.some((part) => part.phone === peer)) {
    connection.fault({ kind: 'no-recipients', detail: `Nobody at ${peer.number} can read this message`, message: id })
  }
  checkIdentity(connection, device, message, all)
  // Who is blocked isn't told so: the message goes no further than to the own phone and devices.
  const isBlocked = network.state.blocks.has(peer.number, device.number)
  const parts = isBlocked ? all.filter((part) => part.phone !== peer) : all
  const forPhones = parts.filter((part) => part.device === 0)
  const numbers = forPhones.map((part) => part.phone.number)
  await network.locks.exclusive(numbers, async () => {
    const received: Received[] = []
    for (const part of forPhones) received.push(await receiveAtPhone(network, device, part))
    network.state.database.change(() => {
      record(submission, peer.number, 'submitted')
      network.presence(device.number).stop(device.id, peer.number)
      const token = bytesOf(message, 'tctoken')
      if (token) network.state.privacyTokens.show(device.number, device.id, peer.number, token)
      // The own phone first, so that it has its copy when a receipt raises that copy's status.
      for (const each of received) if (each.phone.number === device.number) takeOwnCopy(submission, each)
      for (const each of received) if (each.phone.number !== device.number) take(submission, each)
      for (const part of parts) if (part.device !== 0) forward(submission, part)
    })
  })
}

/** The account's own phone shows what its linked device wrote. */
function takeOwnCopy(submission: Direct, received: Received): void {
  const { device, message: sent, peer } = submission
  const message = open(submission, received)
  if (!message) return
  const where = { number: device.number, chat: peer.number, direction: 'out', address: sent.attrs.to! } as const
  const isNew = show(submission, where, message.deviceSentMessage?.message ?? message)
  // A note to oneself has no other reader.
  if (peer.number === device.number) record(submission, peer.number, isNew ? 'received' : 'duplicate')
}

/** The other side's phone shows the message and says so, or asks for it again. */
function take(submission: Direct, received: Received): void {
  const { connection, device, message: sent, peer, id } = submission
  const { network } = connection
  const message = open(submission, received)
  if (received.copy) {
    record(submission, peer.number, 'duplicate')
  } else if (!message) {
    record(submission, peer.number, 'failed')
    askToRetry(network, device, peer, { id, chat: sent.attrs.to!, t: sent.attrs.t ?? seconds(network.now()) })
  } else {
    const address = numberJid(device.number)
    const isNew = show(submission, { number: peer.number, chat: device.number, direction: 'in', address }, message)
    record(submission, peer.number, isNew ? 'received' : 'duplicate')
    tellSender(network, { sender: device.number, reader: peer, id, status: 'delivered', repeat: true })
  }
}

/** Passes a ciphertext on to a linked device: of the other side, or another one of the same account. */
function forward(submission: Direct, part: Part): void {
  const { connection, device, message, peer } = submission
  const { network } = connection
  const target = network.state.devices.find(part.phone.number, part.device)
  if (!target || target.removedAt !== undefined) return
  const sender = network.phone(device.number)
  const byLid = parseJid(message.attrs.to)!.server === 'lid'
  const attrs: Record<string, string> = {
    ...(byLid
      ? { from: lidJid(sender.lid, device.id), sender_pn: numberJid(sender.number), addressing_mode: 'lid' }
      : { from: numberJid(sender.number, device.id), sender_lid: lidJid(sender.lid), addressing_mode: 'pn' }),
    ...(target.number === device.number && { recipient: byLid ? lidJid(peer.lid) : numberJid(peer.number) }),
  }
  passOn(submission, target, attrs, part)
}
