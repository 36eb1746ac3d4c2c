/**
 * What a session asks of a driver, and what a driver tells its session. Placement, storage and the outbox know nothing of
 * the provider's protocol; a driver knows nothing of Kubernetes, and of Postgres only the store it is given.
 */
import type { Readable } from 'node:stream'
import type { Act, ActAnswer, ActInput } from '@berth/core/model/acts.ts'
import type { ReadInput } from '@berth/core/model/command.ts'
import type { Author } from '@berth/core/model/message-parts.ts'
import type { AnswerOf, InputOf, Question, ShownPresence } from '@berth/core/model/questions.ts'
import type { ConnectionState } from '@berth/core/model/session.ts'
import type { AskFailure } from '@berth/core/model/worker-api.ts'
import type { ReceivedMessage, StatusChange } from '@berth/core/postgres/commit.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { ChannelStore } from '../sessions/channels.ts'
import type { Codec } from '../store/codec.ts'
import type { SessionStore } from '../store/session-store.ts'

/** What the connection is doing; whatever is left out is not known or does not apply. */
export interface ConnectionReport {
  state: ConnectionState
  /** One word: why it is so. */
  reason?: string
  /** One sentence for people: why, and what to do. */
  message?: string
  /** Tries since the last success. */
  attempt: number
  phoneNumber?: string
  lid?: string
}

/** In these there is a connection, through which things can be done. */
export const isOnline = (state: ConnectionState): boolean => state === 'Connected' || state === 'Degraded'

/** In these states nothing is tried until a person does something. */
export const isResting = (state: ConnectionState): boolean => ['LoggedOut', 'Banned', 'Failed'].includes(state)

/** Another owner changes nothing about these states. */
export const isLasting = (state: ConnectionState): boolean => isResting(state) || state === 'UsedElsewhere'

/** Why a session may rest that the next owner deals with, without a person: another version, other settings, a time that comes. */
export const PassingReason = {
  clientOutdated: 'ClientOutdated',
  clientRefused: 'ClientRefused',
  channelMissing: 'ChannelMissing',
  channelRefused: 'ChannelRefused',
  internalError: 'InternalError',
  keysUnreadable: 'KeysUnreadable',
  temporarilyBanned: 'TemporarilyBanned',
} as const

export interface QrCode {
  text: string
  expiresAt: Date
}

/** What a person types on the phone in place of a scan. A secret: whoever types it owns the session. */
export interface PairingCode {
  /** As it is shown: ABCD-EFGH. */
  code: string
  expiresAt: Date
}

/** What the provider was asked for came to nothing. */
export class AskFailed extends Error {
  override name = 'AskFailed'
  readonly code: AskFailure
  constructor(code: AskFailure, message: string) {
    super(message)
    this.code = code
  }
}

export interface Send {
  chat: string
  whatsappId: string
  type: string
  content: unknown
  /** It was handed over before, and nobody knows whether it got out. */
  repeated: boolean
}

/** The file of a received message, as its row has it. */
export interface RemoteFile {
  /** Where the provider has it, and what opens it: as the driver called it. */
  source: unknown
  chat: string
  whatsappId: string
  fromMe: boolean
  sender: Author
}

export interface FetchedFile {
  bytes: AsyncIterable<Uint8Array>
  /** What they must be, where the provider has said so. */
  sha256?: Buffer
}

/** The files of a session's messages. */
export interface DriverFiles {
  /** A message with a file is durable: it may be fetched. */
  expect(): void
  /** Opens a stored file, from its beginning; undefined: there is none of that id. */
  find(mediaId: string): Promise<(() => Promise<Readable>) | undefined>
  /** Resolves when it is durable where the file of our message lies. */
  keep(whatsappId: string, source: Record<string, unknown>): Promise<void>
}

/** The provider has a file no more; whoever sent or got it may. */
export class MediaGone extends Error {
  override name = 'MediaGone'
}

/** It will never work as it is written: the message fails with this code. Everything else that a send throws may be tried again. */
export class SendRefused extends Error {
  override name = 'SendRefused'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** What a driver tells its session, and asks of it. */
export interface DriverHost {
  readonly sessionId: string
  /** As the resource names it. */
  readonly provider: string
  /** What it is reached by, of a provider with accounts of its own. */
  readonly channel: ChannelStore
  readonly store: SessionStore
  readonly log: Logger
  /** As the owner before left it; undefined: there was none, or it begins anew. */
  readonly before: ConnectionReport | undefined
  /** The credentials as they were last stored, opened; undefined: there are none yet. */
  readonly credential: Buffer | undefined
  readonly linkingAttempt: number
  /** Journal rows whose message is not stored yet, opened, oldest first. */
  readonly openJournal: { ciphertextHash: string; body: Buffer }[]
  /**
   * The database went back since somebody had the session: its ratchets were deleted, and other keys that may have been given
   * out meanwhile must be made new before the first login.
   */
  readonly distrusted: boolean
  /** They are new, and durable. */
  renewed(): Promise<void>
  /** False: begin no login now. */
  mayAct(): boolean
  /**
   * Waits until this session may connect; answers the function that gives its place to the next one, which may be called any
   * number of times. `somebodyWaits`: a person before a screen. Throws the signal's reason as soon as it is aborted.
   */
  turn(somebodyWaits: boolean, signal: AbortSignal): Promise<() => void>
  /** Asks Postgres whether the session is still ours; waits while it can't be asked. */
  stillOurs(): Promise<boolean>
  /** The plain journal row of an earlier delivery of this ciphertext. */
  journalBody(ciphertextHash: string): Promise<Buffer | undefined>
  /** What is answered to a message without a person, to be written with it; undefined: nothing. */
  reply(message: ReceivedMessage): ReceivedMessage | undefined
  /** What was sent under this id, for a contact that asks for it again. */
  sent(whatsappId: string): Promise<{ type: string; content: unknown } | undefined>
  readonly files: DriverFiles
  report(report: ConnectionReport): void
  /** Somebody looks at the code, or asked for it lately: else there need be none. */
  isCodeWanted(): boolean
  /** A code to be scanned; undefined: there is none any more. */
  qr(code: QrCode | undefined): void
  /** What the provider said of our messages. Resolves when it is durable: until then the provider is told nothing. */
  statuses(changes: StatusChange[]): Promise<void>
  /** Connected, and everything that had waited at the provider was handed over: sends may go. */
  ready(): void
}

export interface Driver {
  /** Begins to connect; never throws. */
  start(): void
  /**
   * What must be done before a message can be handed over and may take long: the upload of its file. Resolves to the content
   * with which it then goes out; undefined: it can go as it is. Asked again, it is the same upload. Throws SendRefused.
   */
  prepare(send: Omit<Send, 'repeated'>): Promise<unknown> | undefined
  /** The file of a received message. Reading it throws MediaGone, MediaRefused. */
  fetchMedia(file: RemoteFile): FetchedFile
  /** Has the provider, or the phone, make a file available again; answers its new source. Throws MediaGone, AskFailed. */
  renewMedia(file: RemoteFile): Promise<Record<string, unknown>>
  /** Hands one message to the provider; resolves when its bytes are out, which says nothing of their arrival. */
  send(send: Send): Promise<void>
  /** An account is known, so there is something to log out of. */
  readonly linked: boolean
  /** Undoes the link on the provider's side. Only while connected. */
  logout(): Promise<void>
  /** Tells the contact, and the account's other devices, that messages were read. Only while connected. */
  markRead(messages: ReadInput): Promise<void>
  /** Somebody has begun to look at the code: offers codes if it had stopped to. */
  wantCode(): void
  /** Has WhatsApp link the phone of this number (E.164) by a code. Throws AskFailed. */
  pairingCode(phoneNumber: string): Promise<PairingCode>
  /** Asks the provider, through the connection that there is. Throws AskFailed. */
  ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>>
  /** Does something at the provider, through the connection that there is. Throws AskFailed: outcome_unknown when it may be done. */
  act<A extends Act>(act: A, input: ActInput<A>): Promise<ActAnswer<A>>
  /** Shows a presence, which lasts no longer than the connection. Throws AskFailed. */
  show(presence: ShownPresence): Promise<void>
  /** Makes the connection anew, since what goes out through it is not confirmed. Undefined: the provider has no such thing. */
  reconnect?(): void
  /** The provider may have told something, or what it is reached by was changed. Undefined: it tells by itself. */
  wake?(): void
  /** Closes the connection and tries no more; resolves when it is closed. */
  stop(): Promise<void>
  /** The same, at once and without a word: the session has another owner. */
  destroy(): void
}

export interface DriverFactory {
  /** How the driver's values are stored. */
  codec: Codec
  /** The types of keys that are used up step by step: one that was used already must never be used again. */
  ratchets: readonly string[]
  create(host: DriverHost): Driver
}
