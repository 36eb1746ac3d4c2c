// The control API's requests and answers, shared by the server and the typed client. Times are Unix milliseconds.
import { z } from 'zod'
import { FAULT_KINDS } from '../state/faults.ts'
import { EVENTS_FROM_DEVICE, EVENTS_TO_DEVICE } from '../state/ledger.ts'
import { CONDITIONS } from '../whatsapp/forced.ts'

export const number = z
  .string()
  .regex(/^[1-9]\d{6,14}$/, 'an international phone number: 7 to 15 digits, without + or spaces')
export const time = z.number().int()
export const page = z.coerce.number().int().min(0)

const isUnique = (list: string[]): boolean => new Set(list).size === list.length

export const Info = z.object({
  simulator: z.literal(true),
  /** Where clients connect: Baileys' `waWebSocketUrl`. */
  websocketUrl: z.string(),
  /** What clients must trust: Baileys' `WA_CERT_DETAILS`. 32 bytes, base64. */
  rootPublicKey: z.string(),
  rootSerial: z.number().int(),
  /** What clients must trust besides, to reach the media host by https. PEM. */
  mediaCertificate: z.string(),
})

export const NewPhone = z.object({ number, name: z.string().trim().min(1).max(60) })
export const Phone = z.object({ number: z.string(), lid: z.string(), name: z.string(), createdAt: time })

export const groupId = z.string().regex(/^\d+@g\.us$/, 'a group: digits and @g.us')
export const NewGroup = z.object({
  subject: z.string().trim().min(1).max(100),
  /** The first one makes the group. */
  members: z.array(number).min(1).max(1024).refine(isUnique, 'each number once'),
})
/** By whom: somebody in it. Only admins may remove others and say who is one; whoever removes itself leaves. */
const by = number
const members = z.array(number).min(1).max(1024)
export const GroupChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['add', 'remove', 'promote', 'demote']), by, members }),
  z.strictObject({ kind: z.literal('subject'), by, subject: NewGroup.shape.subject }),
])
export const Group = z.object({
  id: z.string(),
  subject: z.string(),
  members: z.array(z.string()),
  /** Those of the members who may do more. The first member always is one. */
  admins: z.array(z.string()),
  description: z.object({ id: z.string(), text: z.string() }).nullable(),
  /** Only admins may write. */
  announcements: z.boolean(),
  /** Only admins may change what the group is called and says of itself. */
  locked: z.boolean(),
  createdAt: time,
})

export const Scan = z.object({ qr: z.string().min(1).max(2000) })
export const TypedCode = z.object({
  code: z
    .string()
    .regex(
      /^[A-Za-z0-9]{4}[ -]?[A-Za-z0-9]{4}$/,
      'the code that the device shows: eight characters, such as ABCD-1234',
    ),
})
export const Device = z.object({
  number: z.string(),
  device: z.number().int(),
  platform: z.string(),
  linkedAt: time,
  /** Logged in. */
  online: z.boolean(),
  /** Logged in and ready: gets stanzas as they come. */
  active: z.boolean(),
  /** Stanzas that it hasn't acknowledged. */
  queued: z.object({ message: z.number(), receipt: z.number(), notification: z.number() }),
  preKeys: z.number().int(),
  connection: z.number().int().nullable(),
})
/** A client that waits to be linked: it shows a QR code, or a code to be typed. */
export const Waiting = z.object({
  connection: z.number().int(),
  platform: z.string(),
  since: time,
  refs: z.array(z.string()),
  /** Of the phone on which its code is to be typed; null while it shows none. */
  codeFor: z.string().nullable(),
})
export const Force = z.object({ condition: z.enum(CONDITIONS) })

export const Fault = z.object({
  id: z.number().int(),
  at: time,
  kind: z.enum(FAULT_KINDS),
  detail: z.string(),
  number: z.string().nullable(),
  device: z.number().int().nullable(),
  connection: z.number().int().nullable(),
  message: z.string().nullable(),
})
export const FaultsQuery = z.object({ kind: z.enum(FAULT_KINDS).optional() })
export const Cleared = z.object({ cleared: z.number().int() })

const ledgerEvent = z.enum([...new Set([...EVENTS_TO_DEVICE, ...EVENTS_FROM_DEVICE])])
export const direction = z.enum(['to-device', 'from-device'])
export const LedgerEntry = z.object({
  seq: z.number().int(),
  at: time,
  message: z.string(),
  event: ledgerEvent,
  direction,
  number: z.string(),
  device: z.number().int(),
  peer: z.string(),
  connection: z.number().int().nullable(),
})
/** A page of a log: what comes after an entry that's known already. */
export const LogQuery = z.object({
  after: page.default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  number: number.optional(),
})
/** `latest` instead of the page's other end: so many of the newest. */
export const ConnectionsQuery = LogQuery.extend({ latest: z.coerce.number().int().min(1).max(10_000).optional() })
export const LedgerMessage = z.object({
  message: z.string(),
  direction,
  number: z.string(),
  device: z.number().int(),
  peer: z.string(),
  firstAt: time,
  lastAt: time,
  counts: z.partialRecord(ledgerEvent, z.number().int()),
  connections: z.array(z.number().int()),
})
export const LedgerMessagesQuery = z.object({
  after: page.default(0),
  number: number.optional(),
  message: z.string().optional(),
})

export const ConnectionRecord = z.object({
  id: z.number().int(),
  remotePort: z.number().int(),
  openedAt: time,
  number: z.string().nullable(),
  device: z.number().int().nullable(),
  loginAt: time.nullable(),
  closedAt: time.nullable(),
  reason: z.string().nullable(),
})

export const Stats = z.object({
  phones: z.number().int(),
  devices: z.number().int(),
  online: z.number().int(),
  connections: z.number().int(),
  waiting: z.number().int(),
  /** Stanzas that devices haven't acknowledged. */
  queued: z.number().int(),
  faults: z.number().int(),
  /** Ledger events so far, as `direction:event`. */
  ledger: z.record(z.string(), z.number().int()),
  /** Bytes, and microseconds of CPU. */
  process: z.object({ rss: z.number(), user: z.number(), system: z.number() }),
})

export const ErrorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

export type Info = z.infer<typeof Info>
export type NewPhone = z.infer<typeof NewPhone>
export type Phone = z.infer<typeof Phone>
export type GroupChange = z.infer<typeof GroupChange>
export type NewGroup = z.infer<typeof NewGroup>
export type Group = z.infer<typeof Group>
export type Device = z.infer<typeof Device>
export type Waiting = z.infer<typeof Waiting>
export type Fault = z.infer<typeof Fault>
export type LedgerEntry = z.infer<typeof LedgerEntry>
export type LedgerMessage = z.infer<typeof LedgerMessage>
export type ConnectionRecord = z.infer<typeof ConnectionRecord>
export type Stats = z.infer<typeof Stats>
