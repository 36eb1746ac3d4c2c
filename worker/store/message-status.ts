/** The order of a message's life, as the type message_status of the database has it. */
import type { MessageStatus } from '@berth/core/postgres/tables.ts'

const ORDER: readonly MessageStatus[] = [
  'queued',
  'sending',
  'failed',
  'sent',
  'delivered',
  'read',
  'played',
  'received',
]

/** Positive when `a` comes later in a message's life than `b`. */
export const compareStatus = (a: MessageStatus, b: MessageStatus): number => ORDER.indexOf(a) - ORDER.indexOf(b)

/** Nothing is left to be sent. */
export const isSettled = (status: MessageStatus): boolean => compareStatus(status, 'sending') > 0
