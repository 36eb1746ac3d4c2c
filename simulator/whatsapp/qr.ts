// The text in a QR code that a device shows to be linked.
import { SimulatorError } from '../errors.ts'

export interface QrCode {
  /** The server's reference for the connection that shows the code. */
  ref: string
  /** The device's public Noise and Signal identity keys: 32 bytes each. */
  noiseKey: Buffer
  identity: Buffer
  /** Known to the device and to who scans the code, but not to the server. */
  advSecret: Buffer
}

/** `https://wa.me/settings/linked_devices#ref,noise,identity,secret,platform`, or the older form without the address. */
export function parseQr(text: string): QrCode {
  const [ref = '', noise = '', identity = '', secret = ''] = text
    .trim()
    .slice(text.trim().indexOf('#') + 1)
    .split(',')
  const keys = [noise, identity, secret].map((key) => Buffer.from(key, 'base64'))
  if (!ref || keys.some((key) => key.length !== 32)) {
    throw new SimulatorError(
      'qr_malformed',
      'This is not the text of a WhatsApp QR code. Copy the whole text, then try again.',
    )
  }
  return { ref, noiseKey: keys[0]!, identity: keys[1]!, advSecret: keys[2]! }
}
