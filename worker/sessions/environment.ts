/** What sessions need of their process, and what they begin with. */
import type { CommandRow } from '@berth/core/postgres/auth-state.ts'
import type { StateRow } from '@berth/core/postgres/commit.ts'
import type { SendRow } from '@berth/core/postgres/sends.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { DriverFactory } from '../drivers/driver.ts'
import type { MediaInbox } from '../media/inbox.ts'
import type { OutgoingFiles } from '../media/outgoing.ts'
import type { Pace } from '../pace.ts'
import type { AutoReplies } from '../responses/auto-replies.ts'
import type { Cache } from '../store/cache.ts'
import type { Committer } from '../store/committer.ts'
import type { Loader } from '../store/loader.ts'
import type { Ownership } from '../store/ownership.ts'
import type { ChannelStore } from './channels.ts'
import type { LoginClass, LoginGate } from './login-gate.ts'
import type { Session } from './session.ts'

export interface SessionEnvironment {
  committer: Committer
  loader: Loader
  cache: Cache
  logins: LoginGate
  drivers: DriverFactory
  mayAct(): boolean
  /** Waits while Postgres can't be asked; a session that is not ours is lost afterwards. */
  stillOurs(owner: Ownership): Promise<boolean>
  /** What had to be made new, since the database went back, is durable. */
  renewed(owner: Ownership): Promise<void>
  journalBody(owner: Ownership, ciphertextHash: string): Promise<Buffer | undefined>
  /** Whether a message of ours may be handed over; what was cancelled may not. */
  take(owner: Ownership, messageId: string): Promise<boolean>
  sent(owner: Ownership, whatsappId: string): Promise<{ type: string; content: unknown } | undefined>
  inbox: MediaInbox
  outgoing: OutgoingFiles
  replies: AutoReplies
  channelOf(owner: Ownership): ChannelStore
  /** The state of a session changed. */
  changed(session: Session): void
  log: Logger
}

/** What the database holds of a session when it is claimed; values are opened already. */
export interface StoredSession {
  /** As its resource names it. */
  provider: string
  credential: { linkingAttempt: number; value: Buffer } | undefined
  /** By which its logins wait for their turn. */
  tier: LoginClass
  state: StateRow | undefined
  journal: { ciphertextHash: string; body: Buffer }[]
  sends: SendRow[]
  /** How fast they may go. */
  pace: Pace
  commands: CommandRow[]
  /** Received files are to be fetched. */
  hasMedia: boolean
  /** Values could not be opened: the encryption key is missing, or they are damaged. */
  unreadable?: Error
}
