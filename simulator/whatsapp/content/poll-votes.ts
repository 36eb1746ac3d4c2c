// Votes in a poll: encrypted once more inside their message, under a secret that came with the poll, so that only who has
// the poll can count them. The source of the format is Baileys' decryptPollVote.
import { createHash, createHmac } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import { openBox, sealBox } from '../sealed-box.ts'

/** What a vote is bound to. */
export interface Ballot {
  /** The message id of the poll. */
  poll: string
  /** `messageSecret` of the poll's message. */
  secret: Uint8Array
  /** Addresses without a device: both numbers, or both LIDs, as the chat is addressed. */
  creator: string
  voter: string
}

/** @param options their names; none takes the vote back */
export function sealVote(options: string[], ballot: Ballot): proto.Message.IPollEncValue {
  const plain = proto.Message.PollVoteMessage.encode({ selectedOptions: options.map(hashOf) }).finish()
  const { sealed: encPayload, nonce: encIv } = sealBox(keyOf(ballot), plain, boundTo(ballot))
  return { encPayload, encIv }
}

/** Which of the options it is for; undefined when it is bound to something else. */
export function openVote(
  { encPayload, encIv }: proto.Message.IPollEncValue,
  ballot: Ballot,
  options: string[],
): string[] | undefined {
  const plain = openBox(keyOf(ballot), { sealed: encPayload, nonce: encIv }, boundTo(ballot))
  if (!plain) return undefined
  const chosen = proto.Message.PollVoteMessage.decode(plain).selectedOptions.map((hash) => Buffer.from(hash))
  return options.filter((option) => chosen.some((hash) => hash.equals(hashOf(option))))
}

/** HKDF with SHA-256, no salt, and one block of output. */
function keyOf({ poll, secret, creator, voter }: Ballot): Buffer {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(secret).digest()
  return createHmac('sha256', extracted).update(`${poll}${creator}${voter}Poll Vote\u0001`).digest()
}

const boundTo = ({ poll, voter }: Ballot): string => `${poll}\u0000${voter}`
const hashOf = (option: string): Buffer => createHash('sha256').update(option).digest()
