/** Rows of messages as the database gives them. */
import { contentOf, type UnifiedMessage } from '@berth/core/model/message.ts'
import type { MessageRow } from './data/messages.ts'

export const NOW = Date.parse('2026-01-05T10:16:00Z')
const CHAT = '5511999990002@s.whatsapp.net'

let count = 0

/** By default the contact's, in a chat of two. */
export function rowOf(message: UnifiedMessage, columns: Partial<MessageRow> = {}): MessageRow {
  const number = ++count
  return {
    id: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
    number,
    chat: CHAT,
    whatsapp_id: `ID${number}`,
    from_me: false,
    sender_phone: columns.from_me ? null : '+5511999990002',
    sender_lid: null,
    sender_name: null,
    type: message.type,
    content: contentOf(message),
    target: 'target' in message ? message.target.whatsappId : null,
    status: columns.from_me ? 'sent' : 'received',
    error_code: null,
    error_message: null,
    sent_at: new Date(NOW),
    created_at: new Date(NOW),
    status_at: new Date(NOW),
    request_hash: null,
    send_at: null,
    expires_at: null,
    queue_number: number,
    status_times: {},
    ...columns,
  }
}
