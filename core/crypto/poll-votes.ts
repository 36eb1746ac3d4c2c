/**
 * Votes in a WhatsApp poll: sealed once more inside their message, under a secret that came with the poll, so that only who
 * has the poll can count them. Format: Baileys' decryptPollVote; the plain text is a protobuf PollVoteMessage.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/** What a vote is bound to. */
export interface Ballot {
  /** WhatsApp's id of the poll. */
  poll: string
  secret: Uint8Array
  /** JIDs without a device. */
  creator: string
  voter: string
}

export interface SealedBytes {
  payload: Buffer
  nonce: Buffer
}

const CIPHER = 'aes-256-gcm'
const NONCE_LENGTH = 12
const TAG_LENGTH = 16
const HASH_LENGTH = 32
/** Field 1 of PollVoteMessage, repeated bytes, of the length of a hash. */
const OPTION_HEAD = Buffer.from([0x0a, HASH_LENGTH])

/** @param options their names; none takes a vote back */
export function sealVote(options: string[], ballot: Ballot): SealedBytes {
  const nonce = randomBytes(NONCE_LENGTH)
  const plain = Buffer.concat(options.flatMap((option) => [OPTION_HEAD, hashOf(option)]))
  const cipher = createCipheriv(CIPHER, keyOf(ballot), nonce).setAAD(boundTo(ballot))
  return { payload: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), nonce }
}

/** Which of the poll's options it is for; undefined: it is bound to something else, or damaged. */
export function openVote({ payload, nonce }: SealedBytes, ballot: Ballot, options: string[]): string[] | undefined {
  if (payload.length < TAG_LENGTH || nonce.length !== NONCE_LENGTH) return undefined
  const decipher = createDecipheriv(CIPHER, keyOf(ballot), nonce, { authTagLength: TAG_LENGTH })
  decipher.setAAD(boundTo(ballot)).setAuthTag(payload.subarray(-TAG_LENGTH))
  try {
    const plain = Buffer.concat([decipher.update(payload.subarray(0, -TAG_LENGTH)), decipher.final()])
    const chosen = new Set(hashesIn(plain))
    return options.filter((option) => chosen.has(hashOf(option).toString('hex')))
  } catch {
    return undefined
  }
}

function hashesIn(plain: Buffer): string[] {
  const hashes: string[] = []
  const step = OPTION_HEAD.length + HASH_LENGTH
  for (let at = 0; at + step <= plain.length; at += step) {
    hashes.push(plain.toString('hex', at + OPTION_HEAD.length, at + step))
  }
  return hashes
}

const keyOf = ({ poll, secret, creator, voter }: Ballot): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `${poll}${creator}${voter}Poll Vote`, 32))

const boundTo = ({ poll, voter }: Ballot): Buffer => Buffer.from(`${poll}\u0000${voter}`)
const hashOf = (option: string): Buffer => createHash('sha256').update(option).digest()
