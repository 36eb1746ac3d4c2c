// A phone decrypts what a linked device sent to it, and notices keys that are used twice.
import { createHash } from 'node:crypto'
import type { Device } from '../state/devices.ts'
import type { NewFault } from '../state/faults.ts'
import type { Phone } from '../state/phones.ts'
import type { Part } from './message-parts.ts'
import type { Network } from './network.ts'
import { type Remote, sessionAddress } from './signal/endpoint.ts'
import { type Header, readHeader } from './signal/header.ts'

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
  const hash = createHash('sha256').update(ciphertext).digest()
  const seen = header && seenHash(network, phone, remote, header)
  if (seen?.equals(hash)) return { phone, plain: undefined, copy: true, faults: [], store: () => {} }

  const faults: Received['faults'] = []
  if (seen)
    faults.push({ kind: 'counter-reuse', detail: `${phone.number} got two messages under key ${header!.counter}` })
  if (header && usedBefore(network, phone, header)) {
    faults.push({
      kind: 'pre-key-reuse',
      detail: `One-time key ${header.preKey!.id} of ${phone.number} was used before`,
    })
  }
  const remember = () => {
    if (header && !seen) rememberHash(network, phone, remote, header, hash)
  }
  try {
    const { plain, store } = await network.signal.decrypt(phone, remote, type, ciphertext)
    const storeAll = () => {
      store()
      remember()
    }
    return { phone, plain, copy: false, faults, store: storeAll }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    faults.push({ kind: 'decrypt-failed', detail: `${phone.number} can't read a ${type}: ${reason}` })
    return { phone, plain: undefined, copy: false, faults, store: remember }
  }
}

function seenHash(network: Network, phone: Phone, remote: Remote, { ratchetKey, counter }: Header): Buffer | undefined {
  const row = network.state.database.get<{ hash: Uint8Array }>(
    'SELECT hash FROM seen_counter WHERE number = ? AND address = ? AND ratchet_key = ? AND counter = ?',
    phone.number,
    sessionAddress(remote),
    ratchetKey,
    counter,
  )
  return row && Buffer.from(row.hash)
}

function rememberHash(network: Network, phone: Phone, remote: Remote, header: Header, hash: Buffer): void {
  network.state.database.run(
    'INSERT INTO seen_counter (number, address, ratchet_key, counter, hash) VALUES (?, ?, ?, ?, ?)',
    phone.number,
    sessionAddress(remote),
    header.ratchetKey,
    header.counter,
    hash,
  )
}

/** True when another session than this one was started with the one-time key. */
function usedBefore(network: Network, phone: Phone, { preKey }: Header): boolean {
  if (preKey?.id === undefined) return false
  const usedBy = network.state.phones.preKey(phone.number, preKey.id)?.usedBy
  return usedBy !== undefined && !usedBy.equals(preKey.baseKey)
}
