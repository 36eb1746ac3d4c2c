// What a Signal message shows without being decrypted: which key it uses up.
import { encodeBigEndian, proto } from '@whiskeysockets/baileys'
import type { CiphertextType } from './endpoint.ts'
import { protobufs } from './libsignal.ts'

/** Names a message key, that must never be used for two messages. */
export interface MessageKey {
  /** Of a group's message: the number of its author's sender key. */
  ratchetKey: Buffer
  counter: number
}

export interface Header extends MessageKey {
  /** Of a first message (pkmsg): the one-time key that it uses, and what identifies the session that it starts. */
  preKey: { id: number | undefined; baseKey: Buffer } | undefined
}

/** Undefined when the bytes aren't such a message. */
export function readHeader(type: CiphertextType, ciphertext: Buffer): Header | undefined {
  try {
    if (type === 'msg') return { ...readKey(ciphertext), preKey: undefined }
    const first = protobufs.PreKeyWhisperMessage.decode(ciphertext.subarray(1))
    const preKey = { id: first.preKeyId || undefined, baseKey: Buffer.from(first.baseKey) }
    return { ...readKey(Buffer.from(first.message)), preKey }
  } catch {
    return undefined
  }
}

/** Version byte, protobuf, 64 bytes of signature. Undefined when the bytes aren't a group's message (skmsg). */
export function readGroupKey(ciphertext: Buffer): MessageKey | undefined {
  try {
    const { id, iteration } = proto.SenderKeyMessage.decode(ciphertext.subarray(1, -64))
    return { ratchetKey: Buffer.from(encodeBigEndian(id ?? 0)), counter: iteration ?? 0 }
  } catch {
    return undefined
  }
}

/** Version byte, protobuf, 8 bytes of MAC. */
function readKey(message: Buffer): MessageKey {
  const { ephemeralKey, counter } = protobufs.WhisperMessage.decode(message.subarray(1, -8))
  return { ratchetKey: Buffer.from(ephemeralKey), counter }
}
