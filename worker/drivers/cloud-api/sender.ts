/**
 * Sends through the Cloud API, which chooses ids itself and does not know a repeated message: so a message carries our own id,
 * and every status that Meta tells of it carries that back.
 *
 * Handed over → accepted (Meta's id of it is durable) → settled by what Meta tells. Refused → it fails, or is tried again.
 * No answer → nobody knows: Meta tells of every message that it took, so it is waited for; only when nothing was told for a
 * while does the message go again. Accepted, and nothing told for long (no webhook is set up): it counts as sent.
 */
import { GraphRefusal, GraphSilence } from '@berth/core/cloud-api/graph.ts'
import { unifiedFrom } from '@berth/core/model/message.ts'
import { AskFailed, type DriverHost, type Send, SendRefused } from '../driver.ts'
import type { CloudApiOptions, Line } from './driver.ts'
import { payloadOf } from './payload.ts'

const REPEAT_MS = 60_000
const CONFIRM_MS = 60_000
/** Ids that are remembered of messages under way; the outbox has fewer. */
const MAX_REMEMBERED = 2000

export class Sender {
  readonly #host: DriverHost
  readonly #line: () => Line
  readonly #lookAgain: () => void
  readonly #repeatMs: number
  readonly #startedAt = performance.now()
  /** Meta said no to the last try of these, so they did not go out. */
  readonly #unsent = new Set<string>()
  /** Since when nobody has known of these, and since when these have been accepted (performance.now()). */
  readonly #unsureSince = new Map<string, number>()
  readonly #acceptedAt = new Map<string, number>()

  constructor(host: DriverHost, line: () => Line, lookAgain: () => void, { repeatMs = REPEAT_MS }: CloudApiOptions) {
    this.#host = host
    this.#line = line
    this.#lookAgain = lookAgain
    this.#repeatMs = repeatMs
  }

  async send({ repeated, ...send }: Send): Promise<void> {
    const { whatsappId, chat } = send
    const { channel, graph } = this.#line()
    if (repeated && (await this.#isOut(whatsappId))) return
    const message = unifiedFrom(send)
    if (!message) throw new SendRefused('unsupported_type', `Messages of type '${send.type}' can't be sent.`)
    const metaIds = await this.#metaIds(send.content)
    const payload = payloadOf({ chat, whatsappId, message }, (id) => metaIdIn(metaIds, id))
    let answer: Record<string, unknown>
    try {
      answer = await graph.post(`${channel.phoneNumberId}/messages`, payload)
    } catch (error) {
      throw this.#failure(whatsappId, error)
    }
    this.#unsent.delete(whatsappId)
    const [sent] = Array.isArray(answer.messages) ? (answer.messages as { id?: unknown }[]) : []
    if (typeof sent?.id !== 'string')
      throw this.#failure(whatsappId, new GraphSilence('Meta did not say what it calls the message.'))
    await this.#host.channel.keepIds([{ whatsappId, providerId: sent.id }])
    remember(this.#acceptedAt, whatsappId)
  }

  /** Marks a contact's message as read, by Meta's id; what Meta refuses for good is let be. */
  async markRead(metaId: string, { typing = false } = {}): Promise<void> {
    const { channel, graph } = this.#line()
    const shown = typing ? { typing_indicator: { type: 'text' } } : {}
    try {
      await graph.post(`${channel.phoneNumberId}/messages`, {
        messaging_product: 'whatsapp',
        status: 'read',
        message_id: metaId,
        ...shown,
      })
    } catch (error) {
      if (typing) throw new AskFailed(error instanceof GraphRefusal ? 'refused' : 'no_answer', (error as Error).message)
      if (!(error instanceof GraphRefusal) || error.verdict.meaning !== 'refused') throw error
      this.#host.log.warn({ err: error }, 'a message could not be marked as read')
    }
  }

  /** Something was told of a message. */
  settled(whatsappId: string): void {
    this.#unsent.delete(whatsappId)
    this.#unsureSince.delete(whatsappId)
    this.#acceptedAt.delete(whatsappId)
  }

  /** It was accepted before. Throws while nobody knows whether it was. */
  async #isOut(whatsappId: string): Promise<boolean> {
    if (this.#unsent.has(whatsappId)) return false
    const now = performance.now()
    if ((await this.#host.channel.findIds([whatsappId])).length > 0) {
      if (now - (this.#acceptedAt.get(whatsappId) ?? this.#startedAt) > CONFIRM_MS) {
        await this.#host.statuses([{ whatsappId, status: 'sent' }])
      }
      return true
    }
    if (now - (this.#unsureSince.get(whatsappId) ?? this.#startedAt) > this.#repeatMs) return false
    throw new Error('nobody knows whether Meta has the message: a word of it is waited for')
  }

  #failure(whatsappId: string, error: unknown): Error {
    if (!(error instanceof GraphRefusal)) {
      this.#unsent.delete(whatsappId)
      remember(this.#unsureSince, whatsappId)
      return error as Error
    }
    const { meaning, code, message } = error.verdict
    if (meaning === 'refused') return new SendRefused(code, message)
    if (this.#unsent.size < MAX_REMEMBERED) this.#unsent.add(whatsappId)
    if (meaning === 'credentials') this.#lookAgain()
    return error
  }

  /** Of messages of ours that the content is about. */
  async #metaIds(content: unknown): Promise<Map<string, string>> {
    const { target, quote } = content as { target?: { whatsappId: string }; quote?: { whatsappId: string } }
    const ids = [target?.whatsappId, quote?.whatsappId].filter((id) => id !== undefined && !isMetaId(id))
    const found = await this.#host.channel.findIds(ids as string[])
    return new Map(found.map(({ whatsappId, providerId }) => [whatsappId, providerId]))
  }
}

const isMetaId = (id: string): boolean => id.startsWith('wamid.')

function metaIdIn(metaIds: Map<string, string>, id: string): string {
  const metaId = isMetaId(id) ? id : metaIds.get(id)
  if (metaId !== undefined) return metaId
  throw new SendRefused('unknown_message', 'Meta does not know the message that this one is about: it was never sent.')
}

function remember(times: Map<string, number>, id: string): void {
  times.set(id, performance.now())
  if (times.size > MAX_REMEMBERED) times.delete(times.keys().next().value!)
}
