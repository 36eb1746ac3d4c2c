// A phone decrypts what a linked device sent to it, and notices keys that are used twice.
import { createHash } from 'node:crypto'
import type { Device } from '../state/devices.ts'
import type { NewFault } from '../state/faults.ts'
import type { Phone } from '../state/phones.ts'
import type { Part } from './message-parts.ts'
import type { Network } from './network.ts'
import { type Remote, sessionAddress } from './signal/endpoint.ts'
import { type Header, type MessageKey, readHeader } from './signal/header.ts'

/** What came of a ciphertext. */
export interface Received {
  phone: Phone
  /** Padded, as it was encrypted; undefined when the phone can't read it. */
  plain: Buffer | undefined
  /** True for the very ciphertext that the phone got before: nothing new to read, and nothing wrong. */
  copy: boolean
  faults: Pick<NewFault, 'kind' | 'detail'>[]
  /** Stores the ratchet step and what was seen; to be called in a change, also when it wasn't readable. */
  store: () => void
}

/** The caller holds the phone's lock until `store` was called. */
export async function receiveAtPhone(network: Network, from: Device, part: Part): Promise<Received> {
  const { phone, type, ciphertext } = part
  const remote: Remote = { lid: network.phone(from.number).lid, device: from.id }
  const header = readHeader(type, ciphertext)
  const sighting = lookAt(network, phone, sessionAddress(remote), header, ciphertext)
  if (sighting.copy) return { phone, plain: undefined, copy: true, faults: [], store: () => {} }

  const faults = [...sighting.faults]
  if (header && usedBefore(network, phone, header)) {
    faults.push({
      kind: 'pre-key-reuse',
      detail: `One-time key ${header.preKey!.id} of ${phone.number} was used before`,
    })
  }
  try {
    const { plain, store } = await network.signal.decrypt(phone, remote, type, ciphertext)
    const storeAll = () => {
      store()
      sighting.remember()
    }
    return { phone, plain, copy: false, faults, store: storeAll }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    faults.push({ kind: 'decrypt-failed', detail: `${phone.number} can't read a ${type}: ${reason}` })
    return { phone, plain: undefined, copy: false, faults, store: sighting.remember }
  }
}

/** Whether a message key was used before. */
export interface Sighting {
  /** By this very ciphertext. */
  copy: boolean
  /** By another one. */
  faults: Received['faults']
  /** To be called in a change. */
  remember: () => void
}

/** @param address whose key it is; with the phone and the key itself it is unique */
export function lookAt(
  { state: { database } }: Network,
  { number }: Phone,
  address: string,
  key: MessageKey | undefined,
  ciphertext: Buffer,
): Sighting {
  if (!key) return { copy: false, faults: [], remember: () => {} }
  const { ratchetKey, counter } = key
  const hash = createHash('sha256').update(ciphertext).digest()
  const seen = database.get<{ hash: Uint8Array }>(
    'SELECT hash FROM seen_counter WHERE number = ? AND address = ? AND ratchet_key = ? AND counter = ?',
    number,
    address,
    ratchetKey,
    counter,
  )
  if (seen) {
    const copy = hash.equals(seen.hash)
    const detail = `${number} got two messages under key ${counter}`
    return { copy, faults: copy ? [] : [{ kind: 'counter-reuse', detail }], remember: () => {} }
  }
  const remember = () => {
    const sql = 'INSERT INTO seen_counter (number, address, ratchet_key, counter, hash) VALUES (?, ?, ?, ?, ?)'
    database.run(sql, number, address, ratchetKey, counter, hash)
  }
  return { copy: false, faults: [], remember }
}

/** True when another session than this one was started with the one-time key. */
function usedBefore(network: Network, phone: Phone, { preKey }: Header): boolean {
  if (preKey?.id === undefined) return false
  const usedBy = network.state.phones.preKey(phone.number, preKey.id)?.usedBy
  return usedBy !== undefined && !usedBy.equals(preKey.baseKey)
}
