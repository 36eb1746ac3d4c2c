// The signatures by which an account's phone and a linked device vouch for each other (ADV, "authenticated device
// verification").
import { createHmac } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import { curve, type KeyPair, signedBy } from './signal/libsignal.ts'

/** What is signed starts with two bytes that say by whom. */
const BY_ACCOUNT = Buffer.from([6, 0])
const BY_DEVICE = Buffer.from([6, 1])

/**
 * What the phone sends through the server to the device that it scanned: an encoded `ADVSignedDeviceIdentityHMAC`.
 * @param account the phone's identity keys
 * @param identity the device's public identity key, 32 bytes
 */
export function signDevice(account: KeyPair, identity: Buffer, advSecret: Buffer, deviceNumber: number): Uint8Array {
  const timestamp = Math.floor(Date.now() / 1000)
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp, keyIndex: deviceNumber }).finish()
  const signed = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: account.pubKey.subarray(1),
    accountSignature: curve.calculateSignature(account.privKey, Buffer.concat([BY_ACCOUNT, details, identity])),
  }).finish()
  const hmac = createHmac('sha256', advSecret).update(signed).digest()
  return proto.ADVSignedDeviceIdentityHMAC.encode({ details: signed, hmac }).finish()
}

/** True when the device signed what the phone gave it. @param signed an encoded `ADVSignedDeviceIdentity` */
export function isSignedByDevice(account: KeyPair, identity: Buffer, signed: Buffer): boolean {
  const { details, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(signed)
  if (!details || !deviceSignature) return false
  const message = Buffer.concat([BY_DEVICE, details, identity, account.pubKey.subarray(1)])
  return signedBy(identity, message, deviceSignature)
}

/** True when a message's device identity is the one that the device was linked with. */
export function isSameIdentity(linked: Buffer, shown: Buffer): boolean {
  try {
    const [one, other] = [linked, shown].map((bytes) => proto.ADVSignedDeviceIdentity.decode(bytes))
    return Buffer.from(one!.deviceSignature!).equals(Buffer.from(other!.deviceSignature!))
  } catch {
    return false
  }
}
