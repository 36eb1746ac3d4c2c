/**
 * The driver of Meta's Cloud API: a number without a phone.
 *
 * There is no connection: Connected means that Meta took the token the last time that it was asked, which is every few minutes.
 * No channel → Failed, until one is connected. Asked → Connected → asked again. Refused → Failed, until the channel is changed,
 * or a while later. No answer → Disconnected, and asked again after a wait.
 * What Meta tells comes through the inbox, whatever the state is (inbox.ts).
 */

import { Graph, GraphRefusal } from '@berth/core/cloud-api/graph.ts'
import { backoffMs } from '@berth/core/kube/backoff.ts'
import { sleep } from '@berth/core/kube/sleep.ts'
import type { Act, ActAnswer } from '@berth/core/model/acts.ts'
import type { ReadInput } from '@berth/core/model/command.ts'
import type { AnswerOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import type { Channel } from '../../sessions/channels.ts'
import {
  AskFailed,
  type ConnectionReport,
  type Driver,
  type DriverFactory,
  type DriverHost,
  type FetchedFile,
  type PairingCode,
  PassingReason,
  type RemoteFile,
  type Send,
} from '../driver.ts'
import { MetaFiles } from './files.ts'
import { Inbox } from './inbox.ts'
import { Sender } from './sender.ts'

const MAY_NOT_ACT_WAIT_MS = 250
const CHECK_MS = 5 * 60_000
const REFUSED_WAIT_MS = 15 * 60_000
const BACKOFF = { baseMs: 1000, maxMs: 60_000 }
/** Everything else that has an answer asks for a linked phone. */
const NOT_TOLD = 'The Cloud API does not tell this.'

export interface CloudApiOptions {
  /** Another Graph API than Meta's. */
  url?: string | undefined
  /** When nobody knows whether a message went out, so long a word of it is waited for before it goes again. */
  repeatMs?: number
}

export const cloudApiDrivers = (options: CloudApiOptions): Pick<DriverFactory, 'create'> => ({
  create: (host) => new CloudApiDriver(host, options),
})

/** A channel that works. */
export interface Line {
  channel: Channel
  graph: Graph
}

class CloudApiDriver implements Driver {
  readonly #host: DriverHost
  readonly #options: CloudApiOptions
  readonly #stopping = new AbortController()
  readonly #inbox: Inbox
  readonly #sender: Sender
  readonly #files: MetaFiles
  /** As it was read last. */
  #channel: Channel | undefined
  #isLoggedOut = false
  #line: Line | undefined
  /** Aborted when the channel must be looked at again. */
  #doubt = new AbortController()
  #attempt = 0
  #phoneNumber: string | undefined

  constructor(host: DriverHost, options: CloudApiOptions) {
    this.#host = host
    this.#options = options
    this.#phoneNumber = host.before?.phoneNumber
    this.#inbox = new Inbox(host, {
      signal: this.#stopping.signal,
      versionSeen: (version) => version !== this.#channel?.version && this.#lookAgain(),
      settled: (whatsappId) => this.#sender.settled(whatsappId),
    })
    const line = () => this.#openLine
    this.#sender = new Sender(host, line, () => this.#lookAgain(), options)
    this.#files = new MetaFiles(host, line)
  }

  start(): void {
    this.#inbox.look()
    void this.#run().catch((error) => {
      if (this.#stopping.signal.aborted) return
      this.#host.log.error({ err: error }, 'the driver of a session failed')
      const message = 'Something in Berth failed; its log says what. Stop and start the session to try again.'
      this.#report({ state: 'Failed', reason: PassingReason.internalError, message })
    })
  }

  wake(): void {
    this.#inbox.look()
  }

  get linked(): boolean {
    return this.#phoneNumber !== undefined
  }

  send(send: Send): Promise<void> {
    return this.#sender.send(send)
  }

  prepare(send: Omit<Send, 'repeated'>): Promise<unknown> | undefined {
    return this.#files.prepare(send)
  }

  fetchMedia(file: RemoteFile): FetchedFile {
    return this.#files.fetch(file)
  }

  renewMedia(): Promise<Record<string, unknown>> {
    return this.#files.renew()
  }

  markRead({ messages }: ReadInput): Promise<void> {
    // Meta marks all before it, too; they come newest first.
    return this.#sender.markRead(messages[0]!.whatsappId)
  }

  async logout(): Promise<void> {
    this.#isLoggedOut = true
    this.#lookAgain()
  }

  wantCode(): void {}

  pairingCode(): Promise<PairingCode> {
    return Promise.reject(new AskFailed('not_waiting_for_scan', 'A number of the Cloud API is not linked by a code.'))
  }

  ask<Q extends Question>(): Promise<AnswerOf<Q>> {
    return Promise.reject(new AskFailed('refused', NOT_TOLD))
  }

  act<A extends Act>(): Promise<ActAnswer<A>> {
    return Promise.reject(new AskFailed('refused', 'The Cloud API has nothing of this.'))
  }

  async show(presence: ShownPresence): Promise<void> {
    if (!('chat' in presence)) throw new AskFailed('refused', 'A number of the Cloud API is always shown as it is.')
    if (presence.presence === 'paused') return
    const last = this.#inbox.lastIn(presence.chat)
    if (!last)
      throw new AskFailed('refused', 'The Cloud API shows typing only in answer to a message that has just come.')
    await this.#sender.markRead(last, { typing: true })
  }

  async stop(): Promise<void> {
    this.destroy()
    await this.#inbox.ended()
  }

  destroy(): void {
    this.#stopping.abort()
    this.#doubt.abort()
    this.#line = undefined
  }

  get #openLine(): Line {
    if (this.#line) return this.#line
    throw new AskFailed('not_connected', 'The session is not connected at this moment.')
  }

  #lookAgain(): void {
    this.#doubt.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      if (!this.#host.mayAct()) {
        await sleep(MAY_NOT_ACT_WAIT_MS, signal)
        continue
      }
      this.#doubt = new AbortController()
      const waitMs = await this.#look()
      await sleep(waitMs, AbortSignal.any([signal, this.#doubt.signal])).catch(() => {}) // looked at again at once
    }
  }

  /** Asks Meta whether the channel works; answers when to ask again. */
  async #look(): Promise<number> {
    const channel = await this.#host.channel.channel()
    this.#channel = channel
    if (this.#isLoggedOut) return this.#rest('LoggedOut', 'LoggedOut', LOGGED_OUT)
    if (!channel) return this.#rest('Failed', PassingReason.channelMissing, NO_CHANNEL)
    const graph = new Graph({ url: this.#options.url, token: channel.accessToken })
    try {
      const about = await graph.get(`${channel.phoneNumberId}?fields=display_phone_number`)
      const digits = String(about.display_phone_number ?? '').replace(/\D/g, '')
      this.#phoneNumber = digits ? `+${digits}` : this.#phoneNumber
    } catch (error) {
      if (error instanceof GraphRefusal && error.verdict.meaning !== 'later') {
        return this.#rest('Failed', PassingReason.channelRefused, error.message)
      }
      this.#line = undefined
      this.#attempt++
      const message = 'Meta does not answer. Nothing to do: it is asked again.'
      this.#report({ state: 'Disconnected', reason: 'Unreachable', message })
      return backoffMs(this.#attempt, BACKOFF)
    }
    const isNew = this.#line === undefined
    this.#attempt = 0
    this.#line = { channel, graph }
    if (isNew && !this.#stopping.signal.aborted) {
      this.#report({ state: 'Connected' })
      this.#host.ready()
    }
    return CHECK_MS
  }

  #rest(state: 'Failed' | 'LoggedOut', reason: string, message: string): number {
    this.#line = undefined
    this.#report({ state, reason, message })
    return REFUSED_WAIT_MS
  }

  #report(report: Pick<ConnectionReport, 'state' | 'reason' | 'message'>): void {
    if (this.#stopping.signal.aborted) return
    const phoneNumber = this.#phoneNumber
    this.#host.report({ ...report, attempt: this.#attempt, ...(phoneNumber && { phoneNumber }) })
  }
}

const NO_CHANNEL = 'No number is connected yet: PUT /v1/sessions/{name}/channel with its id and an access token.'
const LOGGED_OUT = 'The session was logged out. Start it again: POST /v1/sessions/{name}/start.'
