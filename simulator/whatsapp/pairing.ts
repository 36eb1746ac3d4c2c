// Linking a device by QR, told as the server sees it: a client that asks to be registered gets references to show as QR
// codes. A phone scans one (or its person types a code: pairing-code.ts) and signs the device; the device answers with its
// own signature and is told to reconnect (515), now as a linked device. Only that last answer links it: until then nothing
// is stored.
import { proto } from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import type { Connection } from './connection.ts'
import { isSignedByDevice, signDevice } from './device-identity.ts'
import { lidJid, numberJid, SERVER } from './jid.ts'
import type { Network } from './network.ts'
import { announceDevice } from './notices.ts'
import { parseQr, type QrCode } from './qr.ts'
import { prefixed, signedBy } from './signal/libsignal.ts'
import { bytesOf, type Stanza, seconds, stanza, unsigned } from './stanza.ts'

/** WhatsApp gives a client six references to show one after the other. */
const REFERENCES = 6
/** WhatsApp's limit of linked devices per account. */
const MAXIMUM_DEVICES = 4
/** How long a phone waits for the device: the machine may be busy. */
export const ANSWER_MS = 30_000

/** What a client says of itself when it asks to be registered. */
export type Registration = Pick<Device, 'platform' | 'noiseKey' | 'identity' | 'registrationId' | 'signedPreKey'>

/** A phone has scanned the code; the device's answer is awaited. */
export interface Pairing {
  number: string
  device: number
  done: (device: Device) => void
  fail: (reason: string) => void
}

export function readRegistration(
  noiseKey: Buffer,
  data: proto.ClientPayload.IDevicePairingRegistrationData,
): Registration {
  const bytes = (value: Uint8Array | null | undefined) => Buffer.from(value ?? [])
  return {
    platform: platformOf(bytes(data.deviceProps)),
    noiseKey,
    identity: bytes(data.eIdent),
    registrationId: unsigned(bytes(data.eRegid)),
    signedPreKey: {
      id: unsigned(bytes(data.eSkeyId)),
      public: bytes(data.eSkeyVal),
      signature: bytes(data.eSkeySig),
    },
  }
}

export function offerPairing(connection: Connection): void {
  connection.refs = Array.from(
    { length: REFERENCES },
    () => `2@${connection.network.state.random.bytes(24).toString('base64')}`,
  )
  for (const ref of connection.refs) connection.network.offers.set(ref, connection)
  const refs = connection.refs.map((ref) => stanza('ref', {}, Buffer.from(ref)))
  const attrs = { from: SERVER, type: 'set', id: connection.network.stanzaId(), xmlns: 'md' }
  connection.send(stanza('iq', attrs, [stanza('pair-device', {}, refs)]))
  connection.network.publish({ type: 'connection', connection: connection.id })
}

/**
 * The phone scans a QR code. Resolves with the linked device once it has signed.
 * @throws SimulatorError phone_not_found, qr_malformed, qr_expired, qr_of_another_device, too_many_devices, link_failed
 */
export function scan(network: Network, number: string, text: string): Promise<Device> {
  const phone = network.phone(number)
  const qr = parseQr(text)
  const connection = network.offers.get(qr.ref)
  const registration = connection?.registration
  if (!connection?.waiting || !registration) {
    throw new SimulatorError('qr_expired', 'This QR code is not offered (any more). Scan the one that is shown now.')
  }
  if (!registration.noiseKey.equals(qr.noiseKey) || !registration.identity.equals(qr.identity)) {
    throw new SimulatorError(
      'qr_of_another_device',
      'The keys in this QR code are not those of the device that shows it.',
    )
  }
  checkDeviceLimit(network, number)
  return linkDevice(connection, phone, qr)
}

/** @throws SimulatorError too_many_devices */
export function checkDeviceLimit(network: Network, number: string): void {
  if (network.state.devices.of(number).length < MAXIMUM_DEVICES) return
  throw new SimulatorError('too_many_devices', `${number} has ${MAXIMUM_DEVICES} linked devices. Log one out first.`)
}

/**
 * The phone knows the device that waits on this connection, and signs it. Resolves once the device has signed too.
 * @throws SimulatorError link_failed
 */
export function linkDevice(
  connection: Connection,
  phone: Phone,
  { identity, advSecret }: Pick<QrCode, 'identity' | 'advSecret'>,
): Promise<Device> {
  const { network, registration } = connection
  const { number } = phone
  checkSignedPreKey(connection, registration!)
  const device = network.state.phones.nextDevice(number)
  const attrs = { from: SERVER, type: 'set', id: network.stanzaId(), xmlns: 'md', t: seconds(network.now()) }
  const signed = signDevice(phone.identity, identity, advSecret, device)
  connection.send(
    stanza('iq', attrs, [
      stanza('pair-success', {}, [
        stanza('device-identity', {}, signed),
        stanza('platform', { name: 'android' }),
        stanza('device', { jid: numberJid(number, device), lid: lidJid(phone.lid, device) }),
        // Without a name Baileys sends no presence at all, and real accounts have one.
        stanza('biz', { name: phone.name }),
      ]),
    ]),
  )
  return awaitSignature(connection, number, device)
}

/** The device's answer to `pair-success`. */
export function confirmPairing(connection: Connection, signed: Stanza): void {
  const { pairing, registration, network } = connection
  if (!pairing || !registration) {
    connection.fault({ kind: 'bad-stanza', detail: 'A device signed although no phone had scanned its code' })
    return
  }
  const phone = network.phone(pairing.number)
  const signedIdentity = bytesOf(signed, 'device-identity') ?? Buffer.alloc(0)
  if (!isSignedByDevice(phone.identity, registration.identity, signedIdentity)) {
    connection.fault({
      kind: 'bad-signature',
      detail: 'The device identity is not signed by the device',
      number: phone.number,
    })
    pairing.fail('The device did not sign its identity correctly.')
    connection.end(stanza('stream:error', { code: '401' }), 'bad device signature')
    return
  }
  const device: Device = {
    ...registration,
    number: phone.number,
    id: pairing.device,
    signedIdentity,
    linkedAt: network.now(),
    removedAt: undefined,
  }
  network.state.devices.add(device)
  announceDevice(network, device, 'add')
  network.publish({ type: 'device', number: device.number, device: device.id })
  connection.end(stanza('stream:error', { code: '515' }), 'linked')
  network.state.database.whenDurable(() => pairing.done(device))
}

function awaitSignature(connection: Connection, number: string, device: number): Promise<Device> {
  const { promise, resolve, reject } = Promise.withResolvers<Device>()
  const fail = (reason: string) => reject(new SimulatorError('link_failed', reason))
  const timer = setTimeout(() => fail('The device did not answer in time.'), ANSWER_MS)
  connection.pairing = { number, device, done: resolve, fail }
  return promise.finally(() => clearTimeout(timer))
}

function checkSignedPreKey(connection: Connection, { identity, signedPreKey }: Registration): void {
  if (signedBy(identity, prefixed(signedPreKey.public), signedPreKey.signature)) return
  connection.fault({ kind: 'bad-signature', detail: 'The signed pre-key is not signed by the device' })
}

/** Such as "Chrome (Ubuntu)". */
function platformOf(deviceProps: Buffer): string {
  const props = proto.DeviceProps.decode(deviceProps)
  const type = proto.DeviceProps.PlatformType[props.platformType ?? 0] ?? 'UNKNOWN'
  const name = type.charAt(0) + type.slice(1).toLowerCase().replaceAll('_', ' ')
  return props.os ? `${name} (${props.os})` : name
}
