// A linked device that never comes on line: it has keys, so people encrypt for it, and what they send waits for it.
import { randomBytes, randomInt } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import type { Device } from '../state/devices.ts'
import { signDevice } from './device-identity.ts'
import type { Network } from './network.ts'
import { announceDevice } from './notices.ts'
import { curve } from './signal/libsignal.ts'

const ONE_TIME_KEYS = 10

/** @throws SimulatorError phone_not_found */
export function linkSilentCompanion(network: Network, number: string): Device {
  const phone = network.phone(number)
  const { database, devices, phones } = network.state
  const [identity, signed] = [curve.generateKeyPair(), curve.generateKeyPair()]
  const publicIdentity = identity.pubKey.subarray(1)
  return database.change(() => {
    const id = phones.nextDevice(number)
    const signedDetails = signDevice(phone.identity, publicIdentity, randomBytes(32), id)
    const device: Device = {
      number,
      id,
      platform: 'Silent companion',
      noiseKey: randomBytes(32),
      identity: publicIdentity,
      registrationId: randomInt(1, 16_380),
      signedPreKey: {
        id: 1,
        public: signed.pubKey.subarray(1),
        signature: curve.calculateSignature(identity.privKey, signed.pubKey),
      },
      signedIdentity: Buffer.from(proto.ADVSignedDeviceIdentityHMAC.decode(signedDetails).details!),
      linkedAt: network.now(),
      removedAt: undefined,
    }
    devices.add(device)
    for (let key = 1; key <= ONE_TIME_KEYS; key++) {
      devices.uploadPreKey(number, id, { id: key, public: curve.generateKeyPair().pubKey.subarray(1) })
    }
    announceDevice(network, device, 'add')
    network.publish({ type: 'device', number, device: id })
    return device
  })
}
