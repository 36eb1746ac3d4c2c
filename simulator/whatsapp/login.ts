// A linked device logs in: who it is shows in its Noise key. Then it asks for what it needs, declares itself active, and
// gets everything that it's owed.
import type { proto } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import { askForPreKeys } from './bundles.ts'
import type { Connection } from './connection.ts'
import { lidJid, SERVER } from './jid.ts'
import type { Network } from './network.ts'
import { shareHistory } from './peer-messages.ts'
import { seconds, stanza } from './stanza.ts'

/** Any bytes: the client shows them at its next connection. */
const ROUTING_INFO = Buffer.from('080a08', 'hex')

export function logIn(connection: Connection, noiseKey: Buffer, payload: proto.ClientPayload): void {
  const { network } = connection
  const number = String(payload.username ?? '')
  const device = network.state.devices.find(number, payload.device ?? 0)
  if (!device || device.removedAt !== undefined) {
    connection.end(failure(network, '401'), `${number}:${payload.device} is not a linked device`)
    return
  }
  if (!device.noiseKey.equals(noiseKey)) {
    connection.fault({
      kind: 'wrong-noise-key',
      detail: 'Not the key that this device was linked with',
      number,
      device: device.id,
    })
    connection.end(failure(network, '401'), 'wrong Noise key')
    return
  }
  connection.device = device
  const before = network.setConnection(number, device.id, connection)
  before?.end(
    stanza('stream:error', {}, [stanza('conflict', { type: 'replaced' })]),
    `replaced by connection ${connection.id}`,
  )
  network.state.connections.login(connection.id, number, device.id)
  const phone = network.phone(number)
  const lid = lidJid(phone.lid, device.id)
  const about = { props: '27', abprops: '1', location: 'simulator', display_name: phone.name }
  connection.send(stanza('success', { t: seconds(network.now()), lid, ...about }))
  const routing = stanza('edge_routing', {}, [stanza('routing_info', {}, ROUTING_INFO)])
  connection.send(stanza('ib', { from: SERVER }, [routing]))
  network.publish({ type: 'device', number, device: device.id })
  network.publish({ type: 'connection', connection: connection.id })
}

/** How what is owed comes: so many stanzas at a time, then a pause. */
export interface Batches {
  size: number
  pauseMs: number
}

/** The device says that it's ready: it gets all that it hasn't acknowledged, in order, and from now on what comes. */
export function goActive(connection: Connection): void {
  const { network, device } = connection
  if (!device || connection.owedFrom !== undefined) return
  const { message, receipt, notification } = network.state.deliveries.counts(device.number, device.id)
  const count = String(message + receipt + notification)
  const parts = { message: String(message), receipt: String(receipt), notification: String(notification), appdata: '0' }
  connection.send(stanza('ib', { from: SERVER }, [stanza('offline_preview', { count, ...parts })]))
  connection.owedFrom = 0
  sendOwed(connection, device, count)
}

/** What comes meanwhile is owed too, and has its turn behind what has waited longer. */
function sendOwed(connection: Connection, device: Device, count: string): void {
  const { network, batches } = connection
  const owed = network.state.deliveries.pending(device.number, device.id, connection.owedFrom, batches?.size)
  for (const { seq, stanza: each, sender } of owed) {
    connection.sendDelivery({ ...each, attrs: { ...each.attrs, offline: '0' } }, sender)
    connection.owedFrom = seq
  }
  if (batches && owed.length === batches.size) {
    setTimeout(() => {
      if (network.connectionOf(device.number, device.id) === connection) sendOwed(connection, device, count)
    }, batches.pauseMs).unref()
    return
  }
  connection.active = true
  connection.send(stanza('ib', { from: SERVER }, [stanza('offline', { count })]))
  askForPreKeys(network, device)
  if (!network.state.devices.hasHistory(device.number, device.id)) network.inBackground(shareHistory(network, device))
  network.publish({ type: 'device', number: device.number, device: device.id })
}

/** Of a ban that passes, the server says when, and why: it wrote to too many strangers. */
const BAN_CAUSE = '101'

/** As planned. `seconds`: of code 402, until it passes. */
export function refuseLogin(connection: Connection, { code, seconds: left }: { code: string; seconds?: number }): void {
  const ban: Record<string, string> = left === undefined ? {} : { code: BAN_CAUSE, expire: String(left) }
  connection.end(failure(connection.network, code, ban), `login refused with ${code} on request`)
}

function failure(network: Network, reason: string, more: Record<string, string> = {}) {
  return stanza('failure', { reason, ...more, location: 'simulator', t: seconds(network.now()) })
}
