/** A message as the Cloud API takes it (POST /{phone-number-id}/messages). Pure. */
import type { UnifiedMessage } from '@berth/core/model/message.ts'
import { FILE_KIND_OF, type MediaMessage } from '@berth/core/model/message-media.ts'
import { z } from 'zod'
import { SendRefused } from '../driver.ts'

/** Of Meta, in characters. */
const MAX_TEXT = 4096
const MAX_CAPTION = 1024

/** Where Meta has a file of ours. */
export const UploadedFile = z.object({ metaId: z.string() })

export interface Addressed {
  /** As we write chats. */
  chat: string
  /** Ours, which statuses carry back. */
  whatsappId: string
  message: UnifiedMessage
}

/** @param metaIdOf Meta's id of a message that this one is about, by the id that we know it under. Throws SendRefused */
export function payloadOf({ chat, whatsappId, message }: Addressed, metaIdOf: (id: string) => string): object {
  const to = /^(\d{5,20})@s\.whatsapp\.net$/.exec(chat)?.[1]
  if (!to) {
    throw new SendRefused(
      'invalid_recipient',
      'The Cloud API writes to phone numbers only. Write to one, as +5511999990002.',
    )
  }
  const quote = 'quote' in message ? message.quote : undefined
  return {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to,
    ...contentOf(message, metaIdOf),
    ...(quote && { context: { message_id: metaIdOf(quote.whatsappId) } }),
    biz_opaque_callback_data: whatsappId,
  }
}

function contentOf(message: UnifiedMessage, metaIdOf: (id: string) => string): object {
  switch (message.type) {
    case 'text': {
      const { text, preview } = message
      if (text.length > MAX_TEXT) throw tooLong(`at most ${MAX_TEXT} characters`)
      return { type: 'text', text: { body: text, preview_url: preview !== undefined } }
    }
    case 'location': {
      const { live: _, ...location } = message.location
      return { type: 'location', location }
    }
    case 'contacts':
      return {
        type: 'contacts',
        contacts: message.contacts.map(({ name, phoneNumber }) => ({
          name: { formatted_name: name, first_name: name },
          ...(phoneNumber && { phones: [{ phone: phoneNumber, type: 'CELL', wa_id: phoneNumber.slice(1) }] }),
        })),
      }
    case 'reaction':
      return {
        type: 'reaction',
        reaction: { message_id: metaIdOf(message.target.whatsappId), emoji: message.emoji },
      }
    case 'template': {
      const { name, language, components } = message.template
      return {
        type: 'template',
        template: { name, language: { code: language }, ...(components?.length && { components }) },
      }
    }
    case 'buttons': {
      const { buttons } = message.choices
      const action = { buttons: buttons.map(({ id, text }) => ({ type: 'reply', reply: { id, title: text } })) }
      return { type: 'interactive', interactive: { type: 'button', ...aroundOf(message.choices), action } }
    }
    case 'list': {
      const { button, sections } = message.list
      const rows = sections.map(({ title, rows }) => ({
        ...(title && { title }),
        rows: rows.map(({ id, text, description }) => ({ id, title: text, ...(description && { description }) })),
      }))
      return {
        type: 'interactive',
        interactive: { type: 'list', ...aroundOf(message.list), action: { button, sections: rows } },
      }
    }
    default:
      if ('media' in message) return mediaOf(message)
      throw new SendRefused('unsupported_type', `The Cloud API takes no messages of type '${message.type}'.`)
  }
}

function aroundOf({
  text,
  header,
  footer,
}: {
  text: string
  header?: string | undefined
  footer?: string | undefined
}) {
  return {
    ...(header && { header: { type: 'text', text: header } }),
    body: { text },
    ...(footer && { footer: { text: footer } }),
  }
}

function mediaOf({ type, media: { caption, fileName }, source }: MediaMessage): object {
  const kind = FILE_KIND_OF[type]
  const { data: file } = UploadedFile.safeParse(source)
  if (!file) throw new Error('the file was not uploaded')
  const mayHaveCaption = kind !== 'audio' && kind !== 'sticker'
  if (caption && caption.length > MAX_CAPTION) throw tooLong(`a caption of at most ${MAX_CAPTION} characters`)
  return {
    type: kind,
    [kind]: {
      id: file.metaId,
      ...(mayHaveCaption && caption && { caption }),
      ...(kind === 'document' && { filename: fileName ?? 'file' }),
      ...(type === 'voice' && { voice: true }),
    },
  }
}

const tooLong = (limit: string): SendRefused =>
  new SendRefused('too_long', `The Cloud API takes ${limit}. Write less, or send several messages.`)
