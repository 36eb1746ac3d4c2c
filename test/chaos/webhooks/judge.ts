/**
 * What webhooks promise, counted by customers' servers. Pure.
 *
 * Not told: a message was written to an account, or one that the API had accepted has got as far as its list says, and no
 *   event of that came. Missing numbers: events of a session count without a gap, so that no kind of event gets lost unseen.
 * Told twice: one thing as two events. The same event once more, under its id and with its body, is `toldAgain`.
 * Out of order: in one chat, by when each event came first.
 * Mistold: a wrong signature, another body under a known id, another's session, or what nobody wrote.
 */
import type { Records, Sent } from '../records.ts'
import type { Told, WebhookRecords } from './records.ts'

export interface WebhookVerdict {
  /** Events that came, each counted once. */
  told: number
  /** Times that one came again under its id. */
  toldAgain: number
  /** Refused since a clock was wrong; each was told again with the right time, else it is among `untold`. */
  untimely: number
  /** The rest: one line each, for a person. */
  untold: string[]
  missingNumbers: string[]
  toldTwice: string[]
  toldOutOfOrder: string[]
  mistold: string[]
}

const NOBODY_LISTENS: WebhookVerdict = {
  told: 0,
  toldAgain: 0,
  untimely: 0,
  untold: [],
  missingNumbers: [],
  toldTwice: [],
  toldOutOfOrder: [],
  mistold: [],
}

/** Until they have one of these, nothing is told of messages that are sent. */
const UNSETTLED = new Set(['scheduled', 'queued', 'sending'])

export function judgeWebhooks({
  sent,
  written,
  webhooks,
}: Pick<Records, 'sent' | 'written' | 'webhooks'>): WebhookVerdict {
  if (!webhooks) return NOBODY_LISTENS
  const { told, refused } = webhooks
  const attempts = Map.groupBy(told, ({ id }) => id)
  const events = [...attempts.values()].map(([first]) => first!)
  const until = webhooks.until ?? Number.POSITIVE_INFINITY
  const settled = events.filter(({ occurredAt }) => occurredAt <= until)
  const begun = written.filter(({ at }) => at <= until)
  return {
    told: events.length,
    toldAgain: told.length - events.length,
    untimely: refused.filter(({ isUntimely }) => isUntimely).length,
    untold: [...untoldReceived(begun, events), ...untoldStatuses(sent, webhooks, events)],
    missingNumbers: [...Map.groupBy(settled, ({ account }) => account)].flatMap(([account, own]) => gaps(account, own)),
    toldTwice: twice(events),
    toldOutOfOrder: [...Map.groupBy(events, laneOf).values()].flatMap(disorder),
    mistold: [
      ...refused.flatMap(({ tenant, id, why, isUntimely }) => (isUntimely ? [] : [`${id} to ${tenant}: ${why}`])),
      ...[...attempts.values()].flatMap(otherBodies),
      ...strange(settled, written),
    ],
  }
}

const textKey = ({ account, text }: { account?: string; text?: string }): string => `${account} ${text}`

function untoldReceived(written: Records['written'], events: Told[]): string[] {
  const known = new Set(events.flatMap((event) => (event.text === undefined ? [] : [textKey(event)])))
  return written.flatMap(({ account, contact, text }) =>
    known.has(textKey({ account, text })) ? [] : [`"${text}" of ${contact} to ${account}`],
  )
}

/** Of each message that was accepted, the last status that it has reached. */
function untoldStatuses(sent: Sent[], { reached }: WebhookRecords, events: Told[]): string[] {
  const last = new Map(reached.map(({ id, status }) => [id, status]))
  const known = Map.groupBy(events, ({ type, messageId }) => (type === 'message.status' ? messageId : undefined))
  return sent.flatMap(({ account, text, id, acceptedAt }) => {
    if (acceptedAt === undefined) return []
    const statuses = (known.get(id) ?? []).map(({ status }) => status)
    const wanted = last.get(id!)
    const isTold = wanted === undefined || UNSETTLED.has(wanted) ? statuses.length > 0 : statuses.includes(wanted)
    return isTold
      ? []
      : [`"${text}" of ${account} is ${wanted ?? 'in no list'}, told was ${statuses.join(', ') || '–'}`]
  })
}

/** Between the first number that was told and the last: the endpoint is younger than some sessions. */
function gaps(account: string | undefined, events: Told[]): string[] {
  const numbers = events.flatMap(({ seq }) => seq ?? []).sort((a, b) => a - b)
  return numbers.flatMap((seq, i) => {
    const from = (numbers[i - 1] ?? seq) + 1
    return from < seq ? [`${account}: events ${from} to ${seq - 1}`] : []
  })
}

function twice(events: Told[]): string[] {
  const things = Map.groupBy(events, ({ account, type, text, messageId, status }) => {
    if (text !== undefined) return `"${text}" to ${account}`
    return type === 'message.status' ? `${messageId} of ${account} is ${status}` : undefined
  })
  return [...things].flatMap(([thing, [first, ...others]]) =>
    thing === undefined ? [] : others.map(({ id }) => `${thing}: again as ${id}, after ${first!.id}`),
  )
}

const laneOf = ({ account, chat }: Told): string => `${account} ${chat}`

function disorder(lane: Told[]): string[] {
  let highest = 0
  return lane.flatMap((event) => {
    const { account, seq = 0, chat } = event
    if (seq < highest) return [`event ${seq} of ${account} came after ${highest} (${chat ?? 'no chat'})`]
    highest = seq
    return []
  })
}

const otherBodies = ([first, ...others]: Told[]): string[] =>
  others.some(({ digest }) => digest !== first!.digest)
    ? [`${first!.id} to ${first!.tenant} came with another body`]
    : []

function strange(events: Told[], written: Records['written']): string[] {
  const known = new Set(written.map(textKey))
  return events.flatMap((event) => {
    const { tenant, account, id, type, text } = event
    if (account === undefined) return [`${type} ${id} to ${tenant}, of no session that it has`]
    return type === 'message.received' && !known.has(textKey(event))
      ? [`"${text}" to ${account}, which nobody wrote`]
      : []
  })
}
