// A phone's view of a chat: each message as it is now, and who wrote it.
import { proto } from '@whiskeysockets/baileys'
import type { Message } from '../../state/messages.ts'
import type { Phone } from '../../state/phones.ts'
import type { Network } from '../network.ts'
import { type Authored, type CurrentMessage, currentOf } from './current.ts'

export interface ShownMessage {
  row: Message
  author: Phone
  current: CurrentMessage
}

/** Newest last; at most `limit`, older than `before` (a `seq`). */
export function readMessages(
  network: Network,
  number: string,
  chat: string,
  { limit, before }: { limit: number; before?: number | undefined },
): ShownMessage[] {
  const { messages, groups } = network.state
  const rows = messages.list(number, chat, limit, before)
  const ids = rows.map(({ id }) => id)
  const changes = Map.groupBy(messages.changes(number, chat, ids), ({ target }) => target)
  // Who made a group may delete what others wrote there.
  const admin = groups.find(chat)?.members[0]
  const authored = (row: Message): Authored => {
    return { id: row.id, author: authorOf(network, number, row), message: proto.Message.decode(row.content) }
  }
  return rows.map((row) => {
    const changed = (changes.get(row.id) ?? []).map(authored)
    return { row, author: authorOf(network, number, row), current: currentOf(authored(row), changed, admin) }
  })
}

/** Who wrote a message that the phone has. */
export function authorOf(network: Network, number: string, { direction, address }: Message): Phone {
  return direction === 'out' ? network.phone(number) : network.phoneOf(address)!
}
