/**
 * What Meta tells by webhook, taken apart: one item for each message and each status, with the number that it is for. Pure.
 * A body may hold what is for several numbers; nobody gets more than what is for theirs.
 */
import { createHash } from 'node:crypto'
import { isObject, type Json, objectsOf } from './json.ts'

/** More in one body than Meta sends. */
const MAX_ITEMS = 5000

/** One thing that was told; exactly one of them. */
export interface InboxItem {
  /** As Meta has it, and who wrote it. */
  message?: Json
  contact?: Json
  status?: Json
}

export interface Told {
  phoneNumberId: string
  /** The item as it is stored: JSON. */
  body: string
  /** The same for the same item, however often and with whatever else it is told. */
  hash: Buffer
}

/** Bytes that are no JSON, or nothing of messages, tell nothing. Never throws. */
export function itemsIn(bytes: Uint8Array): Told[] {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown
    return listIn(body, 'entry')
      .flatMap((entry) => listIn(entry, 'changes'))
      .flatMap(changeItems)
      .slice(0, MAX_ITEMS)
  } catch {
    return [] // no JSON, or nested so deeply that it can't be written again
  }
}

function changeItems(change: Json): Told[] {
  if (change.field !== 'messages' || !isObject(change.value)) return []
  const { value } = change
  const phoneNumberId = isObject(value.metadata) ? value.metadata.phone_number_id : undefined
  if (typeof phoneNumberId !== 'string' || phoneNumberId === '' || phoneNumberId.includes('\u0000')) return []
  const contacts = listIn(value, 'contacts')
  const told = (item: InboxItem, id: unknown): Told => {
    const body = JSON.stringify(item)
    return { phoneNumberId, body, hash: createHash('sha256').update(JSON.stringify(id)).digest() }
  }
  return [
    ...listIn(value, 'messages').map((message) => {
      const contact = contacts.find(({ wa_id }) => wa_id === message.from)
      return told({ message, ...(contact && { contact }) }, { message })
    }),
    ...listIn(value, 'statuses').map((status) => told({ status }, { status })),
  ]
}

const listIn = (value: unknown, field: string): Json[] => (isObject(value) ? objectsOf(value[field]) : [])
