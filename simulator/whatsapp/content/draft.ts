// What a person does on a phone, as a message of WhatsApp's.
import { randomBytes } from 'node:crypto'
import { proto } from '@whiskeysockets/baileys'
import { SimulatorError } from '../../errors.ts'
import type { Message } from '../../state/messages.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { authorOf } from './chat.ts'
import { contentOf } from './content.ts'
import type { Person } from './current.ts'
import { type MediaDraft, mediaMessage } from './media-draft.ts'
import { sealVote } from './poll-votes.ts'

interface Answering {
  /** Id of the message that it answers. */
  replyTo?: string | undefined
}

export type Draft =
  | ({ kind: 'text'; text: string; mentions?: string[] | undefined } & Answering)
  | MediaDraft
  | ({ kind: 'location'; latitude: number; longitude: number; name?: string | undefined } & Answering)
  | ({ kind: 'contact'; name: string; number: string } & Answering)
  /** `choices` 0: as many as one likes. */
  | ({ kind: 'poll'; question: string; options: string[]; choices: number } & Answering)
  | { kind: 'edit'; target: string; text: string }
  | { kind: 'delete'; target: string }
  /** An empty emoji takes the reaction back. */
  | { kind: 'reaction'; target: string; emoji: string }
  /** No options take the vote back. */
  | { kind: 'vote'; target: string; options: string[] }
  /** Anything at all, as other apps write it: the fields of a proto.Message, bytes in base64. */
  | { kind: 'raw'; message: Record<string, unknown> }

/** Where it's written: `chat` is a number or a group's id, and the people in it are named by number or by LID. */
export interface Place {
  number: string
  chat: string
  addressing: 'number' | 'lid'
}

const POLL_SECRET_LENGTH = 32
const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type

/** @throws SimulatorError message_not_found, not_your_message, not_a_poll, not_an_option, not_a_message, phone_not_found */
export function compose(network: Network, place: Place, draft: Draft): proto.IMessage {
  const desk = new Desk(network, place)
  switch (draft.kind) {
    case 'text':
      return desk.text(draft.text, draft.mentions, draft.replyTo)
    case 'location': {
      const { latitude: degreesLatitude, longitude: degreesLongitude, name } = draft
      const contextInfo = desk.answering(draft.replyTo)
      return { locationMessage: { degreesLatitude, degreesLongitude, ...(name && { name }), contextInfo } }
    }
    case 'contact': {
      const contextInfo = desk.answering(draft.replyTo)
      return { contactMessage: { displayName: draft.name, vcard: vcard(draft.name, draft.number), contextInfo } }
    }
    case 'poll': {
      const { question: name, choices: selectableOptionsCount } = draft
      const options = draft.options.map((optionName) => ({ optionName }))
      const poll = { name, options, selectableOptionsCount, contextInfo: desk.answering(draft.replyTo) }
      // WhatsApp has a field of its own for polls with one choice.
      const field = selectableOptionsCount === 1 ? { pollCreationMessageV3: poll } : { pollCreationMessage: poll }
      return { ...field, messageContextInfo: { messageSecret: randomBytes(POLL_SECRET_LENGTH) } }
    }
    case 'edit': {
      const key = desk.keyOf(desk.own(draft.target))
      const editedMessage = desk.text(draft.text)
      const protocolMessage = { key, type: MESSAGE_EDIT, editedMessage, timestampMs: network.now() }
      return { editedMessage: { message: { protocolMessage } } }
    }
    case 'delete':
      return { protocolMessage: { key: desk.keyOf(desk.toDelete(draft.target)), type: REVOKE } }
    case 'reaction': {
      const key = desk.keyOf(desk.find(draft.target))
      return { reactionMessage: { key, text: draft.emoji, senderTimestampMs: network.now() } }
    }
    case 'vote':
      return desk.vote(draft.target, draft.options)
    case 'raw':
      return readRaw(draft.message)
    default:
      return mediaMessage(draft, network.media.place(draft.kind, draft.data), desk.answering(draft.replyTo))
  }
}

/** What the writer sees: the messages of the chat, and how its people are named. */
class Desk {
  readonly #network: Network
  readonly #place: Place

  constructor(network: Network, place: Place) {
    this.#network = network
    this.#place = place
  }

  text(text: string, mentions?: string[], replyTo?: string): proto.IMessage {
    const mentionedJid = mentions?.map((number) => this.#jid(this.#network.phone(number)))
    const contextInfo = { ...this.answering(replyTo), ...(mentionedJid && { mentionedJid }) }
    const isPlain = Object.keys(contextInfo).length === 0
    return isPlain ? { conversation: text } : { extendedTextMessage: { text, contextInfo } }
  }

  answering(id: string | undefined): proto.IContextInfo | undefined {
    if (id === undefined) return undefined
    const quoted = this.find(id)
    const quotedMessage = proto.Message.decode(quoted.content)
    return { stanzaId: id, participant: this.#jid(this.#author(quoted)), quotedMessage }
  }

  vote(id: string, options: string[]): proto.IMessage {
    const poll = this.find(id)
    const message = proto.Message.decode(poll.content)
    const secret = message.messageContextInfo?.messageSecret
    const offered = contentOf(message)?.poll?.options
    if (!offered || !secret) throw new SimulatorError('not_a_poll', `The message ${id} is no poll.`)
    const unknown = options.find((option) => !offered.includes(option))
    if (unknown !== undefined) {
      throw new SimulatorError('not_an_option', `The poll has no option "${unknown}". It has: ${offered.join(', ')}.`)
    }
    const voter = this.#jid(this.#network.phone(this.#place.number))
    const vote = sealVote(options, { poll: id, secret, creator: this.#jid(this.#author(poll)), voter })
    return {
      pollUpdateMessage: { pollCreationMessageKey: this.keyOf(poll), vote, senderTimestampMs: this.#network.now() },
    }
  }

  /** As the writer sees it: in a group it also says whose message it is. */
  keyOf(message: Message): proto.IMessageKey {
    const { chat } = this.#place
    const fromMe = message.direction === 'out'
    if (!isGroup(chat)) return { remoteJid: this.#jid(this.#network.phone(chat)), fromMe, id: message.id }
    return { remoteJid: chat, fromMe, id: message.id, participant: this.#jid(this.#author(message)) }
  }

  /** One's own or, for who made the group, anybody's. */
  toDelete(id: string): Message {
    const isAdmin = this.#network.state.groups.find(this.#place.chat)?.members[0] === this.#place.number
    return isAdmin ? this.find(id) : this.own(id)
  }

  /** One that the writer may edit. */
  own(id: string): Message {
    const message = this.find(id)
    if (message.direction === 'out') return message
    throw new SimulatorError('not_your_message', `${this.#place.number} didn't write the message ${id}.`)
  }

  find(id: string): Message {
    const { number, chat } = this.#place
    const { messages } = this.#network.state
    const found = messages.find(number, chat, id, 'in') ?? messages.find(number, chat, id, 'out')
    if (found && found.target === null) return found
    throw new SimulatorError('message_not_found', `${number} has no message ${id} in the chat ${chat}.`)
  }

  #author(message: Message): Person {
    return authorOf(this.#network, this.#place.number, message)
  }

  #jid({ number, lid }: Person): string {
    return this.#place.addressing === 'lid' || isGroup(this.#place.chat) ? lidJid(lid) : numberJid(number)
  }
}

function readRaw(message: Record<string, unknown>): proto.IMessage {
  try {
    return proto.Message.fromObject(message)
  } catch (error) {
    throw new SimulatorError('not_a_message', `That is no proto.Message: ${(error as Error).message}`)
  }
}

const isGroup = (chat: string): boolean => chat.endsWith('@g.us')

const vcard = (name: string, number: string): string =>
  `BEGIN:VCARD\nVERSION:3.0\nFN:${name}\nTEL;type=CELL;waid=${number}:+${number}\nEND:VCARD`
