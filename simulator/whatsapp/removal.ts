// A linked device is removed from its account, by itself or on the phone.
import type { Device } from '../state/devices.ts'
import type { Network } from './network.ts'
import { announceDevice } from './notices.ts'
import { type Stanza, stanza } from './stanza.ts'

/** The device is told if it's connected; its next login is refused. */
export function removeDevice(network: Network, device: Device, reason: string): void {
  network.state.database.change(() => {
    network.state.devices.remove(device.number, device.id)
    announceDevice(network, device, 'remove')
  })
  network.connectionOf(device.number, device.id)?.end(removal(), reason)
  network.publish({ type: 'device', number: device.number, device: device.id })
}

/** What a device is told that is no longer linked. */
export function removal(): Stanza {
  return stanza('stream:error', { code: '401' }, [stanza('conflict', { type: 'device_removed' })])
}
