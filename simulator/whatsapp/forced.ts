// Conditions that a test or a person forces on a device, now or by a planned disturbance, as the real server brings them
// about.
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Connection } from './connection.ts'
import type { Party } from './line.ts'
import type { Network } from './network.ts'
import { removal, removeDevice } from './removal.ts'
import { type Stanza, stanza } from './stanza.ts'

export const CONDITIONS = ['drop', 'logout', 'replaced', '503', '515', 'silent'] as const

/**
 * - drop: the TCP connection is cut
 * - logout: the phone removes the device
 * - replaced: told that somebody else connected as this device (440)
 * - 503, 515: stream errors: service unavailable, restart required
 * - silent: the connection stays open, but nothing comes through any more in either direction
 */
export type Condition = (typeof CONDITIONS)[number]

const REMOVED = 'removed on the phone'

/** @throws SimulatorError device_offline for all but logout, which needs no connection */
export function force(network: Network, device: Device, condition: Condition): void {
  const connection = network.connectionOf(device.number, device.id)
  if (connection) {
    bringAbout(connection, condition, { number: device.number, device: device.id })
  } else if (condition === 'logout') {
    removeDevice(network, device, REMOVED)
  } else {
    const name = `${device.number}:${device.id}`
    throw new SimulatorError('device_offline', `${name} is not connected, so "${condition}" can't happen to it.`)
  }
}

/** @param party the device that it is, which may not have logged in yet; nothing before it's linked */
export function bringAbout(connection: Connection, condition: Condition, party: Party): void {
  const { network } = connection
  const device = party && network.state.devices.find(party.number, party.device)
  if (condition === 'drop') connection.drop('dropped on request')
  else if (condition === 'silent') connection.silent = true
  else if (condition !== 'logout') connection.end(goodbye(condition), `${condition} on request`)
  else {
    if (device && device.removedAt === undefined) removeDevice(network, device, REMOVED)
    // A device that is just logging in isn't known as connected yet.
    if (!connection.device) connection.end(removal(), REMOVED)
  }
}

function goodbye(condition: 'replaced' | '503' | '515'): Stanza {
  if (condition !== 'replaced') return stanza('stream:error', { code: condition })
  return stanza('stream:error', {}, [stanza('conflict', { type: 'replaced' })])
}
