/**
 * The judge: counts what was lost, doubled, held by two owners or had to be linked anew, from outside. Pure.
 *
 * Lost: accepted by the API and not on the contact's phone, or not on those of all members of the group; or written by a
 *   contact and not in the API's list.
 * Doubled: one text on a phone under two ids, or twice in the API's list. The same id once more is `resent`: phones drop it.
 * Two owners: a device logged in while an earlier connection of it was still open, unless that one's process was stopped
 *   by us at that moment; or an earlier connection did something after a later one had logged in.
 * New QR: a device linked a second time, or a code to scan shown anywhere.
 * What webhooks promise: webhooks/judge.ts.
 */
import {
  type ConnectionRecord,
  copiesOf,
  type Fault,
  type Frozen,
  type LedgerEntry,
  type Records,
  type Seen,
} from './records.ts'
import { judgeWebhooks, type WebhookVerdict } from './webhooks/judge.ts'

export interface Verdict extends WebhookVerdict {
  /** Accepted by the API. */
  sent: number
  /** Of these, on every phone that they were for. */
  delivered: number
  /** Written by contacts. */
  written: number
  /** Of these, in the API's list exactly once. */
  received: number
  /** The rest: one line each, for a person. */
  lost: string[]
  duplicated: string[]
  overlappingOwners: string[]
  newQr: string[]
  /** Neither lost nor doubled, and still wrong: refused and delivered all the same, or texts that nobody wrote. */
  unexpected: string[]
  /** The API said no for good, which it has no reason to. */
  refused: string[]
  faults: Fault[]
  /** Copies under a known id, which phones drop. */
  resent: number
}

export function judge(records: Records): Verdict {
  const outgoing = judgeOutgoing(records)
  const incoming = judgeIncoming(records)
  return {
    sent: records.sent.filter(({ acceptedAt }) => acceptedAt !== undefined).length,
    delivered: outgoing.delivered,
    written: records.written.length,
    received: incoming.received,
    lost: [...outgoing.lost, ...incoming.lost],
    duplicated: [...outgoing.duplicated, ...incoming.duplicated],
    overlappingOwners: [...overlaps(records.connections, records.frozen), ...lateActs(records)],
    newQr: [...secondLinks(records.connections), ...records.scansWanted.map(({ what }) => what)],
    unexpected: [...outgoing.unexpected, ...incoming.unexpected],
    refused: records.sent.flatMap(({ text, refusal }) => (refusal ? [`"${text}": ${refusal}`] : [])),
    faults: records.faults,
    resent: records.ledger.filter(({ event }) => event === 'duplicate').length,
    ...judgeWebhooks(records),
  }
}

/** All that breaks a promise: a title and one line for a person each. */
export const violations = (verdict: Verdict): Record<string, string[]> => ({
  Lost: verdict.lost,
  Doubled: verdict.duplicated,
  'Two owners': verdict.overlappingOwners,
  'New QR': verdict.newQr,
  Unexpected: verdict.unexpected,
  Refused: verdict.refused,
  'Not told by webhook': verdict.untold,
  'Events missing in the webhooks': verdict.missingNumbers,
  'Told as two events': verdict.toldTwice,
  'Told out of order': verdict.toldOutOfOrder,
  'Told what is not so': verdict.mistold,
  'Faults that the simulator saw': verdict.faults.map(
    ({ kind, detail, number, connection }) => `${kind}: ${detail} (${number}, ${connection})`,
  ),
})

/** True when the promises were kept. */
export const isClean = (verdict: Verdict): boolean =>
  Object.values(violations(verdict)).every((lines) => lines.length === 0)

/** True when nothing is missing that may still come. */
export const isComplete = ({ lost, untold, missingNumbers }: Verdict): boolean =>
  [lost, untold, missingNumbers].every((lines) => lines.length === 0)

/** The records as if nothing had been begun after that time: what can be judged while traffic goes on. */
export function begunUntil(time: number, records: Records): Records {
  const key = ({ account, text }: { account: string; text: string }) => `${account} ${text}`
  const listed = new Set(records.listed.map(key))
  const written = records.written.filter((one) => one.at <= time || listed.has(key(one)))
  const known = new Set(written.map(key))
  return {
    ...records,
    sent: records.sent.map(({ acceptedAt, ...one }) =>
      one.at <= time && acceptedAt !== undefined ? { ...one, acceptedAt } : one,
    ),
    written,
    // Whoever wrote the others has no answer yet.
    listed: records.listed.filter((one) => known.has(key(one))),
    ...(records.webhooks && { webhooks: { ...records.webhooks, until: time } }),
  }
}

function judgeOutgoing({ sent, seen }: Records) {
  const ids = Map.groupBy(seen, copyKey)
  const lost: string[] = []
  const unexpected: string[] = []
  let delivered = 0
  for (const message of sent) {
    const copies = copiesOf(message)
    const missing = copies.filter((copy) => !ids.has(copyKey(copy)))
    if (message.acceptedAt !== undefined) {
      if (missing.length === 0) delivered += 1
      lost.push(
        ...missing.map(({ account, text, ...where }) => `"${text}" of ${account} never reached ${place(where)}`),
      )
    } else if (missing.length < copies.length && message.refusal) {
      unexpected.push(`"${message.text}" of ${message.account} was refused (${message.refusal}) and sent all the same`)
    }
  }
  const known = new Set(sent.flatMap(copiesOf).map(copyKey))
  for (const copy of seen) {
    if (known.has(copyKey(copy))) continue
    unexpected.push(`${place(copy)} got "${copy.text}" from ${copy.account}, which nobody sent there`)
  }
  const duplicated = [...ids.values()].flatMap((copies) =>
    copies.slice(1).map((copy) => `${place(copy)} got "${copy.text}" again as ${copy.id}, after ${copies[0]!.id}`),
  )
  return { delivered, lost, duplicated, unexpected }
}

function judgeIncoming({ written, listed }: Records) {
  const rows = Map.groupBy(listed, ({ account, text }) => `${account} ${text}`)
  const lost: string[] = []
  let received = 0
  for (const { account, contact, text, id } of written) {
    const copies = rows.get(`${account} ${text}`)?.length ?? 0
    if (copies === 1) received += 1
    else if (copies === 0) lost.push(`"${text}" (${id}) of ${contact} is not in the list of ${account}`)
  }
  const known = new Set(written.map(({ account, text }) => `${account} ${text}`))
  const unexpected = listed
    .filter(({ account, text }) => !known.has(`${account} ${text}`))
    .map(({ account, text }) => `"${text}" is in the list of ${account}, and nobody wrote it`)
  const duplicated = [...rows.values()].flatMap((copies) =>
    copies.slice(1).map(({ account, text }) => `"${text}" is in the list of ${account} more than once`),
  )
  return { received, lost, duplicated, unexpected }
}

type Copy = Omit<Seen, 'id' | 'at'>

const copyKey = ({ account, contact, group, text }: Copy): string => `${account} ${contact} ${group ?? ''} ${text}`

const place = ({ contact, group }: Pick<Copy, 'contact' | 'group'>): string =>
  group ? `${contact} in ${group}` : contact

interface Login extends ConnectionRecord {
  number: string
  loginAt: number
}

/** The logins of each device, in their order. */
function loginsByDevice(connections: ConnectionRecord[]): Map<string, Login[]> {
  const logins = connections.filter((one): one is Login => one.loginAt !== null && one.number !== null)
  const sorted = logins.sort((a, b) => a.loginAt - b.loginAt || a.id - b.id)
  return Map.groupBy(sorted, ({ number, device }) => `${number}:${device}`)
}

/** Within which it has closed them. */
const WAKING_MS = 1000

function overlaps(connections: ConnectionRecord[], frozen: Frozen[]): string[] {
  const found: string[] = []
  for (const [device, logins] of loginsByDevice(connections)) {
    for (const [i, later] of logins.entries()) {
      for (const earlier of logins.slice(0, i)) {
        if (earlier.closedAt !== null && earlier.closedAt <= later.loginAt) continue
        if (frozen.some((stop) => explains(stop, earlier, later))) continue
        const until = earlier.closedAt === null ? 'still open' : `open ${earlier.closedAt - later.loginAt} ms longer`
        found.push(`${device}: connection ${later.id} logged in while ${earlier.id} was open (${until})`)
      }
    }
  }
  return found
}

/**
 * Whoever was stopped can't close its sockets: they stay open until the next owner's login replaces them, or until it has
 * woken up and seen that they are not its own any more. What it does with them meanwhile is not excused: `lateActs`.
 */
const explains = ({ accounts, from, until }: Frozen, earlier: Login, later: Login): boolean =>
  accounts.includes(earlier.number) &&
  earlier.loginAt <= from &&
  later.loginAt >= from &&
  later.loginAt <= until + WAKING_MS

/** What a device does itself: its answers and its own messages. The rest is the server's doing. */
export const ACTS = new Set([
  'to-device delivered',
  'to-device read',
  'to-device retry',
  'to-device refused',
  'from-device submitted',
])

function lateActs({ ledger, connections }: Records): string[] {
  const devices = loginsByDevice(connections)
  return ledger.flatMap((entry) => {
    if (entry.connection === null || !ACTS.has(`${entry.direction} ${entry.event}`)) return []
    const logins = devices.get(`${entry.number}:${entry.device}`) ?? []
    const own = logins.findIndex(({ id }) => id === entry.connection)
    const successor = logins[own + 1]
    return own >= 0 && successor && entry.at > successor.loginAt ? [lateAct(entry, successor)] : []
  })
}

const lateAct = ({ number, device, connection, event, message, at }: LedgerEntry, successor: Login): string =>
  `${number}:${device}: connection ${connection} did "${event}" of ${message} ` +
  `${at - successor.loginAt} ms after connection ${successor.id} had logged in`

function secondLinks(connections: ConnectionRecord[]): string[] {
  const devices = Map.groupBy(
    [...loginsByDevice(connections).values()].map((logins) => logins[0]!),
    ({ number }) => number,
  )
  return [...devices].flatMap(([number, links]) =>
    links.slice(1).map(({ device }) => `${number} was linked again, as device ${device}`),
  )
}
