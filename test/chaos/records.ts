/**
 * What the judge gets to see: what the driver sent and was told, what phones show, what the API lists, and what the
 * simulator wrote down. Nothing comes from Berth's tables. Times are Unix milliseconds.
 */
import type { ConnectionRecord, Fault, LedgerEntry } from '@berth/simulator/api/schemas.ts'
import type { WebhookRecords } from './webhooks/records.ts'

/** A message that a customer sent through the API. Its text is its identity: no two are alike. */
export interface Sent {
  account: string
  /** A phone number; or the id of a group, with the phones of its other members. */
  contact: string
  members?: string[]
  text: string
  /** When it was first tried. */
  at: number
  /** When the API said that it has the message; undefined: it never did. */
  acceptedAt?: number
  /** The API's own id of it. */
  id?: string
  /** The problem's code, when the API said no for good. */
  refusal?: string
}

/** Where a message must be seen, if it was sent: on one phone, or on those of a group's members. */
export const copiesOf = ({ account, contact, members, text }: Sent): Omit<Seen, 'id' | 'at'>[] =>
  members?.map((member) => ({ account, contact: member, group: contact, text })) ?? [{ account, contact, text }]

/** A message that a contact wrote to an account, or to a group that it is in. */
export interface Written {
  account: string
  contact: string
  text: string
  at: number
  /** WhatsApp's id of it. */
  id: string
}

/** A message on a contact's phone that came from an account. */
export interface Seen {
  account: string
  contact: string
  /** The group that it is shown in; undefined: the chat with the account. */
  group?: string
  id: string
  text: string
  at: number
}

/** An incoming message in the API's list of an account. */
export interface Listed {
  account: string
  id: string
  text: string
}

/** A process that was stopped, so that it could not close its sockets while its sessions were taken over. */
export interface Frozen {
  accounts: string[]
  from: number
  until: number
}

/** Somebody would have had to scan a code. */
export interface ScanWanted {
  at: number
  /** Where it was seen. */
  what: string
}

export interface Records {
  sent: Sent[]
  written: Written[]
  seen: Seen[]
  listed: Listed[]
  ledger: LedgerEntry[]
  connections: ConnectionRecord[]
  frozen: Frozen[]
  scansWanted: ScanWanted[]
  /** What the simulator calls a fault of its clients. */
  faults: Fault[]
  /** undefined: nobody listens for webhooks. */
  webhooks?: WebhookRecords
}

export type { ConnectionRecord, Fault, LedgerEntry }
