// What the control API shows of the simulator's state.
import type { Device as DeviceRow } from '../state/devices.ts'
import type { Network } from '../whatsapp/network.ts'
import type { Device, Phone, Stats, Waiting } from './schemas.ts'

export function viewPhones(network: Network): Phone[] {
  return network.state.phones.list().map(({ number, lid, name, createdAt }) => ({ number, lid, name, createdAt }))
}

export function viewDevice(network: Network, device: DeviceRow): Device {
  const { devices, deliveries } = network.state
  const connection = network.connectionOf(device.number, device.id)
  return {
    number: device.number,
    device: device.id,
    platform: device.platform,
    linkedAt: device.linkedAt,
    online: connection !== undefined,
    active: connection?.active ?? false,
    queued: deliveries.counts(device.number, device.id),
    preKeys: devices.preKeys(device.number, device.id),
    connection: connection?.id ?? null,
  }
}

export function viewWaiting(network: Network): Waiting[] {
  return [...network.connections]
    .filter((connection) => connection.waiting)
    .map(({ id, openedAt, refs, registration, codeRequest }) => {
      const codeFor = codeRequest?.number ?? null
      return { connection: id, platform: registration!.platform, since: openedAt, refs, codeFor }
    })
}

export function viewStats(network: Network): Stats {
  const { state } = network
  const devices = state.devices.list().map((device) => viewDevice(network, device))
  const queued = devices.map((device) => device.queued.message + device.queued.receipt + device.queued.notification)
  const { user, system } = process.cpuUsage()
  return {
    phones: state.phones.list().length,
    devices: devices.length,
    online: devices.filter((device) => device.online).length,
    connections: network.connections.size,
    waiting: viewWaiting(network).length,
    queued: queued.reduce((sum, each) => sum + each, 0),
    faults: state.faults.count(),
    ledger: state.ledger.totals(),
    process: { rss: process.memoryUsage.rss(), user, system },
  }
}
