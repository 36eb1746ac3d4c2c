/**
 * Values of the auth state as bytes: one byte that says how, then the value. Most are JSON without buffers, which needs no
 * replacer and is three times as cheap; pre-keys are two times 32 bytes.
 */
import { type AuthenticationCreds, BufferJSON, initAuthCreds, type KeyPair, proto } from '@whiskeysockets/baileys'
import type { Codec } from '../../store/codec.ts'

const FORM = { plain: 0, withBuffers: 1, keyPair: 2 } as const
const KEY_LENGTH = 32

/** Types whose values hold no buffers. `devices` is ours: the device lists that Baileys would keep for 5 minutes only. */
const PLAIN = new Set(['session', 'lid-mapping', 'device-list', 'devices', 'sender-key-memory'])

/**
 * What a message uses up: sessions with devices, keys of groups, and whom these and our messages were given to. Without them all
 * is negotiated anew, at the price of a request to send again.
 */
export const RATCHETS = ['session', 'sender-key', 'sender-key-memory', 'devices'] as const

/** Heap bytes of a value, measured roughly. */
const COST: Record<string, number> = {
  session: 2500,
  'sender-key': 2500,
  'pre-key': 350,
  devices: 400,
  'device-list': 200,
  'lid-mapping': 150,
}

export const codec: Codec = {
  encode(type, value) {
    if (type === 'pre-key') {
      const pair = value as KeyPair
      return Buffer.concat([Buffer.of(FORM.keyPair), pair.public, pair.private])
    }
    if (PLAIN.has(type)) return tagged(FORM.plain, JSON.stringify(value))
    return tagged(FORM.withBuffers, JSON.stringify(value, BufferJSON.replacer))
  },
  decode(type, bytes) {
    const form = bytes[0]
    if (form === FORM.keyPair) {
      return { public: bytes.subarray(1, 1 + KEY_LENGTH), private: bytes.subarray(1 + KEY_LENGTH) }
    }
    const text = bytes.toString('utf8', 1)
    if (form === FORM.plain) return JSON.parse(text)
    if (form !== FORM.withBuffers) throw new Error(`a value of type ${type} has the unknown form ${form}`)
    const value = JSON.parse(text, BufferJSON.reviver)
    return type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value) : value
  },
  cost: (type) => COST[type] ?? 1000,
}

function tagged(form: number, text: string): Buffer {
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text))
  bytes[0] = form
  bytes.write(text, 1)
  return bytes
}

export const encodeCredential = (creds: AuthenticationCreds): Buffer =>
  Buffer.from(JSON.stringify(creds, BufferJSON.replacer))

/** Stored credentials, or new ones of an account that is not linked yet. */
export const decodeCredential = (bytes: Buffer | undefined): AuthenticationCreds =>
  bytes ? JSON.parse(bytes.toString(), BufferJSON.reviver) : initAuthCreds()
