// What the control API shows of a phone's chats.
import { readMessages, type ShownMessage } from '../whatsapp/content/chat.ts'
import type { Network } from '../whatsapp/network.ts'
import type { Chat, Message } from './message-schemas.ts'

export function viewChats(network: Network, number: string): Chat[] {
  const { messages, phones, groups } = network.state
  return messages.chats(number).map((chat) => {
    const name = groups.find(chat.chat)?.subject ?? phones.find(chat.chat)?.name ?? null
    const [last] = readMessages(network, number, chat.chat, { limit: 1 })
    return { ...chat, lastText: last?.current.text ?? chat.lastText, name }
  })
}

export function viewMessages(
  network: Network,
  number: string,
  chat: string,
  page: { limit: number; before?: number | undefined },
): Message[] {
  const isGroup = network.state.groups.find(chat) !== undefined
  return readMessages(network, number, chat, page).map((shown) => viewMessage(network, shown, isGroup))
}

function viewMessage(network: Network, { row, author, current }: ShownMessage, isGroup: boolean): Message {
  const { seq, id, chat, direction, at, status } = row
  const { poll, votes = [], mentions, ...rest } = current
  const chosen = (name: string) => votes.filter(({ options }) => options.includes(name)).map(({ number }) => number)
  const options = poll?.options.map((name) => ({ name, voters: chosen(name) }))
  return {
    seq,
    id,
    chat,
    direction,
    sender: isGroup ? author.number : null,
    at,
    status,
    ...rest,
    ...(poll && options && { poll: { choices: poll.choices, options } }),
    ...(mentions && { mentions: mentions.flatMap((jid) => network.phoneOf(jid)?.number ?? []) }),
  }
}
