/** Text, with what is shown of a page that it links to. */
import { type MessageOf, Preview } from '@berth/core/model/message.ts'
import type { proto } from '@whiskeysockets/baileys'
import type { Family } from './family.ts'

type Text = MessageOf<'text'>

export const text: Family<Text> = {
  types: ['text'],
  toProto({ text, preview }) {
    if (!preview) return { extendedTextMessage: { text } }
    const { url, title, description } = preview
    return { extendedTextMessage: { text, matchedText: url, title, ...(description && { description }) } }
  },
  fromProto({ conversation, extendedTextMessage }) {
    const text = conversation || extendedTextMessage?.text
    if (!text) return undefined
    return { type: 'text', text, ...previewFrom(extendedTextMessage) }
  },
}

/** A preview that has nothing to say is none. */
function previewFrom(message: proto.Message.IExtendedTextMessage | null | undefined): Pick<Text, 'preview'> {
  const { matchedText, title, description } = message ?? {}
  if (!matchedText || !title) return {}
  const url = /^https?:/i.test(matchedText) ? matchedText : `https://${matchedText}`
  if (!Preview.shape.url.safeParse(url).success) return {}
  return { preview: { url, title, ...(description ? { description } : {}) } }
}
