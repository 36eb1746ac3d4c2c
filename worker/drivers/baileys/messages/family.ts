/** Kinds of messages that WhatsApp writes alike: how they become its messages, and ours. Pure. */
import type { UnifiedMessage } from '@berth/core/model/message.ts'
import type { proto } from '@whiskeysockets/baileys'
import type { Person } from '../person.ts'

/** Where a message is, as whoever reads or writes it must know. */
export interface Place {
  /** A JID. */
  chat: string
  me: Person
}

/** The same for one that has come. */
export interface Origin extends Place {
  sender: Person
  fromMe: boolean
}

export interface Family<Message extends UnifiedMessage = UnifiedMessage> {
  types: readonly Message['type'][]
  /** Left out: such messages can't be sent. */
  toProto?: (message: Message, place: Place) => proto.IMessage
  /** Undefined: it is none of these kinds. @param message without what WhatsApp wraps around it, which `outer` has */
  fromProto(message: proto.IMessage, origin: Origin, outer: proto.IMessage): Message | undefined
}
