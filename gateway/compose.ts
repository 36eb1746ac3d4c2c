/** What a request asks to be sent, as the database has it: the message, and its chat. Pure, but for a poll's secret. */
import { randomBytes } from 'node:crypto'
import { contentOf, type MessageOf, type UnifiedMessage } from '@berth/core/model/message.ts'
import { MEDIA_TYPES, type MediaType } from '@berth/core/model/message-media.ts'
import type { Quote, Reference } from '@berth/core/model/message-parts.ts'
import { shownStatus } from '@berth/core/model/shown-status.ts'
import { vcardOf } from '@berth/core/model/vcard.ts'
import { chatOf } from './chat.ts'
import type { MediaRow } from './data/media.ts'
import type { MessageRow } from './data/messages.ts'
import type { CurrentMessage } from './message-changes.ts'
import type { NewMessage } from './new-message-schemas.ts'
import { Problem } from './problems/problem.ts'

/** A message that the new one is about, as it is now. */
export interface Subject {
  row: MessageRow
  current: CurrentMessage
}

export interface Composed {
  chat: string
  message: UnifiedMessage
}

/** WhatsApp's phones take no later edit. */
const EDIT_MS = 15 * 60_000
const SECRET_BYTES = 32
const UNKNOWN_TYPE = 'application/octet-stream'

const FORWARDED = ['text', 'location', 'contacts', 'poll', ...MEDIA_TYPES] as const
type Forwarded = MessageOf<(typeof FORWARDED)[number]>

/** The id of the message that a new one is about. */
export const subjectIdOf = (body: NewMessage): string | undefined =>
  'message' in body ? body.message : 'quote' in body ? body.quote?.id : undefined

/**
 * @param subject of subjectIdOf; undefined: there is no such message
 * @param now Unix milliseconds
 * Throws Problem: unknown_message, quote_of_another_chat, message_not_changeable, not_your_message, edit_too_late,
 * validation_failed
 */
export function compose(body: NewMessage, subject: Subject | undefined, now: number): Composed {
  if (subjectIdOf(body) !== undefined && !subject) throw new Problem('unknown_message')
  if (subject) requireThere(subject)
  switch (body.type) {
    case 'reaction':
    case 'edit':
    case 'delete':
    case 'vote':
      return { chat: subject!.row.chat, message: changeOf(body, subject!, now) }
    case 'forward':
      return { chat: chatOf(body.to)!, message: forwardOf(subject!) }
    default: {
      const chat = chatOf(body.to)!
      if (subject && subject.row.chat !== chat) throw new Problem('quote_of_another_chat')
      return { chat, message: { ...standingOf(body), ...(subject && { quote: quoteOf(subject) }) } }
    }
  }
}

type Standing = Exclude<NewMessage, { message: string }>

function standingOf(
  body: Standing,
): MessageOf<'text' | 'location' | 'contacts' | 'poll' | 'template' | 'buttons' | 'list' | MediaType> {
  switch (body.type) {
    case 'location':
      return { type: 'location', location: body.location }
    case 'contacts':
      return {
        type: 'contacts',
        contacts: body.contacts.map(({ name, phoneNumber, vcard }) =>
          vcard === undefined ? { name, phoneNumber, vcard: vcardOf(name, phoneNumber!) } : { name, vcard },
        ),
      }
    case 'poll':
      return { type: 'poll', poll: body.poll, secret: newSecret() }
    case 'template':
      return { type: 'template', template: body.template }
    case 'buttons':
      return { type: 'buttons', choices: body.choices }
    case 'list':
      return { type: 'list', list: body.list }
    case undefined:
    case 'text': {
      const { text, mentions, preview } = body
      if (preview && !text.includes(preview.url)) {
        throw invalid('preview.url', 'Write an address that is in the text')
      }
      return { type: 'text', text, ...(mentions?.length && { mentions }), ...(preview && { preview }) }
    }
    default: {
      // Its file comes later: withFile.
      const { id: _, url: _url, ...shown } = body.media
      return { type: body.type, media: { ...shown, mimeType: UNKNOWN_TYPE } }
    }
  }
}

type NewChange = Extract<NewMessage, { type: 'reaction' | 'edit' | 'delete' | 'vote' }>

function changeOf(body: NewChange, { row, current }: Subject, now: number): UnifiedMessage {
  const { message } = current
  const change = { target: referenceTo(row), at: now }
  if (body.type === 'reaction') return { type: 'reaction', ...change, emoji: body.emoji }
  if (body.type === 'vote') {
    if (message?.type !== 'poll' || !message.secret) throw notChangeable('It is no poll that can be voted in.')
    const { options, choices } = message.poll
    const unknown = body.options.find((option) => !options.includes(option))
    if (unknown !== undefined)
      throw invalid('options', `Choose of ${options.map((option) => `"${option}"`).join(', ')}`)
    if (choices > 0 && body.options.length > choices) throw invalid('options', `Choose at most ${choices}`)
    return { type: 'vote', ...change, options: body.options, secret: message.secret }
  }
  if (!row.from_me) throw new Problem('not_your_message')
  if (body.type === 'delete') return { type: 'delete', ...change }
  if (message?.type !== 'text') throw notChangeable('Only the text of a message of type text can be edited.')
  if (now - (row.sent_at ?? row.created_at).getTime() > EDIT_MS) throw new Problem('edit_too_late')
  return { type: 'edit', ...change, text: body.text, ...(body.mentions?.length && { mentions: body.mentions }) }
}

/** What it says by itself: whom it answered is left out, and a poll is a new one. */
function forwardOf({ current: { message } }: Subject): Forwarded {
  if (!message || !isForwarded(message)) throw notChangeable('Messages of its type can not be forwarded.')
  const { quote: _, ...said } = message
  if (said.type === 'poll') return { ...said, secret: newSecret(), forwarded: true }
  if (!('media' in said)) return { ...said, forwarded: true }
  // What WhatsApp has of it may have expired: it is uploaded anew.
  const { source: _source, viewOnce, media, ...rest } = said
  const { status = 'stored', ...file } = media
  if (viewOnce || status !== 'stored' || !file.id)
    throw notChangeable('Its file is not stored, or was to be seen once.')
  return { ...rest, media: file, forwarded: true }
}

const isForwarded = (message: UnifiedMessage): message is Forwarded =>
  (FORWARDED as readonly string[]).includes(message.type)

/** What WhatsApp shows as what. */
const FITS: Record<MediaType, RegExp> = {
  image: /^image\//,
  video: /^video\//,
  round_video: /^video\//,
  gif: /^video\//,
  voice: /^audio\//,
  audio: /^audio\//,
  document: /./,
  sticker: /^image\/webp$/,
}

/** The same with its file. Throws Problem validation_failed: it is none of that type. */
export function withFile(composed: Composed, file: MediaRow): Composed {
  const { message } = composed
  if (!('media' in message)) return composed
  const { mime_type: mimeType, size, sha256, file_name } = file
  if (!FITS[message.type].test(mimeType)) {
    throw invalid('media', `The file is ${mimeType}: send it as a document, or as what it is`)
  }
  const media = {
    ...(file_name !== null && { fileName: file_name }),
    ...message.media,
    id: file.id,
    mimeType,
    size: size!,
    sha256: sha256!.toString('hex'),
  }
  return { ...composed, message: { ...message, media } }
}

function quoteOf({ row, current }: Subject): Quote {
  if (!current.message || 'target' in current.message) throw notChangeable('It can not be answered.')
  // What it answered in its turn is not repeated.
  const { quote: _, secret: _secret, ...content } = contentOf(current.message)
  return { ...referenceTo(row), message: { ...content, type: current.message.type } }
}

function requireThere({ row, current }: Subject): void {
  if (row.target !== null) throw notChangeable('It is a change of another message itself.')
  if (current.deletedAt) throw notChangeable('It was deleted.')
  if (row.status === 'failed') throw notChangeable('It was never sent.')
  if (shownStatus(row) === 'scheduled') throw notChangeable('It is not sent yet: cancel it, and send another one.')
}

const referenceTo = ({ whatsapp_id, from_me, sender_phone, sender_lid }: MessageRow): Reference => ({
  whatsappId: whatsapp_id,
  fromMe: from_me,
  ...(!from_me && {
    author: { ...(sender_phone && { phoneNumber: sender_phone }), ...(sender_lid && { lid: sender_lid }) },
  }),
})

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64')
const notChangeable = (detail: string): Problem => new Problem('message_not_changeable', { detail })
const invalid = (field: string, message: string): Problem =>
  new Problem('validation_failed', { errors: [{ field: `body.${field}`, message }] })
