/**
 * What Meta has told, taken from the inbox in its order: contacts' messages become rows, statuses go to the outbox. Looked at →
 * read → all of a batch durable → removed. A process that dies in between leaves the batch to the next owner, who does the
 * same again: messages are known by Meta's ids, statuses only go forward.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import type { StatusChange } from '@berth/core/postgres/commit.ts'
import { messages as counted } from '../../metrics.ts'
import type { DriverHost } from '../driver.ts'
import { mentionedIn, receivedFrom, type Told, type ToldStatus, toldIn } from './inbound.ts'

const BATCH = 100
const MAY_NOT_ACT_WAIT_MS = 250
/** Chats whose last message is remembered. */
const MAX_CHATS = 1000

interface Parts {
  signal: AbortSignal
  /** Of the channel, as the database has it now. */
  versionSeen(version: number | undefined): void
  /** Something was told of a message of ours. */
  settled(whatsappId: string): void
}

type Entry = { number: number; told: Told }

export class Inbox {
  readonly #host: DriverHost
  readonly #parts: Parts
  #running: Promise<void> | undefined
  #again = false
  /** Meta's id of the last message in a chat. */
  readonly #last = new Map<string, string>()

  constructor(host: DriverHost, parts: Parts) {
    this.#host = host
    this.#parts = parts
  }

  /** There may be something. Can be called any number of times. */
  look(): void {
    this.#again = true
    this.#running ??= this.#run()
      .catch((error) => {
        if (!this.#parts.signal.aborted) this.#host.log.error({ err: error }, 'an inbox can not be read')
      })
      .finally(() => (this.#running = undefined))
  }

  /** Resolves when nothing is being read. */
  async ended(): Promise<void> {
    await this.#running
  }

  lastIn(chat: string): string | undefined {
    return this.#last.get(chat)
  }

  async #run(): Promise<void> {
    const { signal } = this.#parts
    while (this.#again && !signal.aborted) {
      if (!this.#host.mayAct()) {
        await sleep(MAY_NOT_ACT_WAIT_MS, signal)
        continue
      }
      this.#again = false
      const { version, items } = await this.#host.channel.inbox(BATCH)
      this.#parts.versionSeen(version)
      if (items.length === 0 || signal.aborted) continue
      await this.#deal(items.map(({ number, body }) => ({ number, told: this.#read(body) })))
      if (signal.aborted) return
      await this.#host.channel.done(items.map(({ number }) => number))
      this.#again = true
    }
  }

  #read(body: string): Told {
    try {
      return toldIn(body)
    } catch (error) {
      this.#host.log.warn({ err: error }, 'what a provider told can not be read')
      return undefined
    }
  }

  async #deal(entries: Entry[]): Promise<void> {
    const statuses = entries.flatMap(({ told }) => (told && 'status' in told ? [told.status] : []))
    const ids = entries.flatMap(({ told }) => (told && 'message' in told ? mentionedIn(told.message) : []))
    const named = statuses.flatMap(({ whatsappId, metaId }) => (whatsappId ? [{ whatsappId, providerId: metaId }] : []))
    if (named.length > 0) await this.#host.channel.keepIds(named)
    const unnamed = statuses.flatMap(({ whatsappId, metaId }) => (whatsappId ? [] : [metaId]))
    const known = await this.#host.channel.findIds([...new Set([...ids, ...unnamed])])
    const ourIds = new Map(known.map(({ whatsappId, providerId }) => [providerId, whatsappId]))
    await failpoint('receive.storing')
    const changes = statuses.flatMap((status) => changeOf(status, ourIds))
    await Promise.all([
      this.#store(entries, (metaId) => ourIds.get(metaId)),
      this.#host.statuses(changes).then(() => this.#refuse(changes)),
    ])
    for (const { whatsappId, metaId } of statuses) this.#parts.settled(whatsappId ?? ourIds.get(metaId) ?? metaId)
    await failpoint('receive.stored')
  }

  /** Meta may refuse what it has called sent before: the outbox knows only refusals of what it has open. */
  async #refuse(changes: StatusChange[]): Promise<void> {
    const refused = changes.flatMap(({ whatsappId, status, errorCode, errorMessage }) =>
      status === 'failed' ? [{ whatsappId, code: errorCode ?? 'refused', message: errorMessage }] : [],
    )
    if (refused.length > 0) await this.#host.channel.refuse(refused)
  }

  async #store(entries: Entry[], ourIdOf: (metaId: string) => string | undefined): Promise<void> {
    const now = new Date()
    const received = entries.flatMap(({ number, told }) => {
      if (!told || !('message' in told)) return []
      const message = receivedFrom(told.message, told.name, ourIdOf, now)
      this.#remember(message.chat, message.whatsappId)
      counted.inc({ direction: 'in' })
      const reply = this.#host.reply(message)
      const ciphertextHash = `inbox/${number}`
      return [{ ciphertextHash, message }, ...(reply ? [{ ciphertextHash, message: reply }] : [])]
    })
    if (received.length === 0) return
    await this.#host.store.write({ received })
    if (received.some(({ message }) => 'media' in (message.content as object))) this.#host.files.expect()
  }

  #remember(chat: string, metaId: string): void {
    this.#last.delete(chat)
    this.#last.set(chat, metaId)
    if (this.#last.size > MAX_CHATS) this.#last.delete(this.#last.keys().next().value!)
  }
}

const changeOf = ({ whatsappId, metaId, change }: ToldStatus, ourIds: Map<string, string>): StatusChange[] => {
  const id = whatsappId ?? ourIds.get(metaId)
  return id === undefined ? [] : [{ whatsappId: id, ...change }]
}
