// Conditions that a test or a person forces on a linked device, as the real server brings them about.
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Network } from './network.ts'
import { removeDevice } from './removal.ts'
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

/** @throws SimulatorError device_offline for all but logout, which needs no connection */
export function force(network: Network, device: Device, condition: Condition): void {
  if (condition === 'logout') {
    removeDevice(network, device, 'removed on the phone')
    return
  }
  const connection = network.connectionOf(device.number, device.id)
  if (!connection) {
    const name = `${device.number}:${device.id}`
    throw new SimulatorError('device_offline', `${name} is not connected, so "${condition}" can't happen to it.`)
  }
  if (condition === 'drop') connection.drop('dropped on request')
  else if (condition === 'silent') connection.silent = true
  else connection.end(goodbye(condition), `${condition} on request`)
}

function goodbye(condition: 'replaced' | '503' | '515'): Stanza {
  if (condition !== 'replaced') return stanza('stream:error', { code: condition })
  return stanza('stream:error', {}, [stanza('conflict', { type: 'replaced' })])
}
