// Key bundles: what somebody needs to start a Signal session with a phone or with a linked device.
import { encodeBigEndian } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import type { Phone } from '../state/phones.ts'
import { SERVER } from './jid.ts'
import type { Network } from './network.ts'
import { type KeyBundle, prefixed } from './signal/libsignal.ts'
import { type Stanza, seconds, stanza } from './stanza.ts'

/** Below this many one-time keys, the server asks the device for more. */
const LOW_PRE_KEYS = 5

/** Takes one of the device's one-time keys, for good. */
export function takeDeviceBundle(network: Network, device: Device): KeyBundle {
  const { devices } = network.state
  const preKey = devices.takePreKey(device.number, device.id)
  askForPreKeys(network, device)
  const signed = device.signedPreKey
  return {
    registrationId: device.registrationId,
    identityKey: prefixed(device.identity),
    signedPreKey: { keyId: signed.id, publicKey: prefixed(signed.public), signature: signed.signature },
    preKey: preKey && { keyId: preKey.id, publicKey: prefixed(preKey.public) },
  }
}

/** Makes a one-time key of the phone. */
export function takePhoneBundle(network: Network, phone: Phone): KeyBundle {
  const preKey = network.state.phones.takePreKey(phone.number)
  const { id, pair, signature } = phone.signedPreKey
  return {
    registrationId: phone.registrationId,
    identityKey: phone.identity.pubKey,
    signedPreKey: { keyId: id, publicKey: pair.pubKey, signature },
    preKey: { keyId: preKey.id, publicKey: preKey.public },
  }
}

/** Notifies the device when it has few one-time keys left, unless it was told and hasn't answered. */
export function askForPreKeys(network: Network, device: Device): void {
  const { devices, deliveries } = network.state
  const left = devices.preKeys(device.number, device.id)
  if (left >= LOW_PRE_KEYS || deliveries.has(device.number, device.id, 'notification', 'encrypt')) return
  const attrs = { from: SERVER, type: 'encrypt', id: network.stanzaId(), t: seconds(network.now()) }
  network.deliver(device, stanza('notification', attrs, [stanza('count', { value: String(left) })]))
}

/** A bundle as `<registration/><type/><identity/>[<key/>]<skey/>`, the children of a `<user>`. */
export function bundleStanzas(bundle: KeyBundle): Stanza[] {
  const { registrationId, identityKey, preKey, signedPreKey } = bundle
  return [
    stanza('registration', {}, encodeBigEndian(registrationId)),
    stanza('type', {}, Buffer.from([5])),
    stanza('identity', {}, identityKey.subarray(1)),
    ...(preKey ? [keyStanza('key', preKey.keyId, preKey.publicKey)] : []),
    keyStanza('skey', signedPreKey.keyId, signedPreKey.publicKey, signedPreKey.signature),
  ]
}

function keyStanza(tag: string, id: number, publicKey: Buffer, signature?: Buffer): Stanza {
  return stanza(tag, {}, [
    stanza('id', {}, encodeBigEndian(id, 3)),
    stanza('value', {}, publicKey.subarray(1)),
    ...(signature ? [stanza('signature', {}, signature)] : []),
  ])
}
