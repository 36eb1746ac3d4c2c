/** What the judge must see in altered records of webhooks; see proof.ts. Pure. */
import { middle } from '../middle.ts'
import type { Records } from '../records.ts'
import type { WebhookVerdict } from './judge.ts'
import type { Refused, Told } from './records.ts'

type Lines = { [Key in keyof WebhookVerdict as WebhookVerdict[Key] extends string[] ? Key : never]: string[] }

export interface WebhookAlteration {
  name: string
  count: keyof Lines
  /** undefined: these records have nothing that can be altered so. */
  alter(records: Records): Records | undefined
}

export const WEBHOOK_ALTERATIONS: WebhookAlteration[] = [
  {
    name: 'a received message never told',
    count: 'untold',
    alter: (records) => {
      const texts = new Set(toldOf(records).map(({ text }) => text))
      const gone = middle(records.written.filter(({ text }) => texts.has(text)))
      return gone && without(records, ({ text }) => text === gone.text)
    },
  },
  {
    name: 'the last status of a message never told',
    count: 'untold',
    alter: (records) => {
      const accepted = new Set(
        records.sent.flatMap(({ id, acceptedAt }) => (acceptedAt === undefined ? [] : (id ?? []))),
      )
      const isTold = new Set(toldOf(records).map(({ messageId, status }) => `${messageId} ${status}`))
      const { reached = [] } = records.webhooks ?? {}
      const gone = middle(reached.filter(({ id, status }) => accepted.has(id) && isTold.has(`${id} ${status}`)))
      return gone && without(records, ({ messageId, status }) => messageId === gone.id && status === gone.status)
    },
  },
  {
    name: 'an event missing between two others',
    count: 'missingNumbers',
    alter: (records) => {
      const ofSessions = Map.groupBy(toldOf(records), ({ account }) => account)
      const inner = [...ofSessions.values()].flatMap((events) => {
        const numbers = new Set(events.flatMap(({ seq }) => seq ?? []))
        return events.filter(({ seq }) => seq !== undefined && numbers.has(seq - 1) && numbers.has(seq + 1))
      })
      const gone = middle(inner)
      return gone && without(records, ({ id }) => id === gone.id)
    },
  },
  {
    name: 'a received message told as two events',
    count: 'toldTwice',
    alter: (records) => {
      const one = middle(toldOf(records).filter(({ text }) => text !== undefined))
      return one && withTold(records, [...toldOf(records), { ...one, id: `${one.id}-COPY` }])
    },
  },
  {
    name: 'an event told after a later one of its chat',
    count: 'toldOutOfOrder',
    alter: (records) => {
      const chats = Map.groupBy(toldOf(records), ({ account, chat }) =>
        chat === undefined ? '' : `${account} ${chat}`,
      )
      chats.delete('')
      const busy = middle([...chats.values()].filter((events) => new Set(events.map(({ id }) => id)).size > 1))
      const first = busy?.[0]
      if (!first) return undefined
      const others = toldOf(records).filter(({ id }) => id !== first.id)
      return withTold(records, [...others, first])
    },
  },
  {
    name: 'a wrong signature',
    count: 'mistold',
    alter: (records) => {
      const one = middle(toldOf(records))
      if (!one) return undefined
      const forged: Refused = { tenant: one.tenant, id: one.id, why: 'No matching signature found', isUntimely: false }
      const { webhooks } = records
      return webhooks && { ...records, webhooks: { ...webhooks, refused: [...webhooks.refused, forged] } }
    },
  },
  {
    name: 'another body under the same id',
    count: 'mistold',
    alter: (records) => {
      const one = middle(toldOf(records))
      return one && withTold(records, [...toldOf(records), { ...one, digest: 'ALTERED' }])
    },
  },
]

const toldOf = ({ webhooks }: Records): Told[] => webhooks?.told ?? []

const withTold = (records: Records, told: Told[]): Records | undefined =>
  records.webhooks && { ...records, webhooks: { ...records.webhooks, told } }

const without = (records: Records, isGone: (told: Told) => boolean): Records | undefined =>
  withTold(
    records,
    toldOf(records).filter((one) => !isGone(one)),
  )
