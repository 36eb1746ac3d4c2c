/** What sessions are reached by at their provider, and what that has told by webhook: as the owner of each sees it. */
import { type ChannelSecrets, openSecrets } from '@berth/core/cloud-api/channel.ts'
import { type KeyRing, SealError } from '@berth/core/crypto/seal.ts'
import {
  findProviderIds,
  type IdPair,
  type Inbox,
  inboxDone,
  keepProviderIds,
  loadChannel,
  loadInbox,
  type MessageRefusal,
  refuseMessages,
} from '@berth/core/postgres/channels.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import type { Ownership } from '../store/ownership.ts'
import { persist, persistOwned } from '../store/persist.ts'

interface Parts {
  pool: Pool
  bootId: string
  /** undefined: this worker was given none. */
  keys: KeyRing | undefined
  log: Logger
}

export interface Channel extends ChannelSecrets {
  phoneNumberId: string
  /** Raised by every change. */
  version: number
}

/** Of one session. Everything waits while Postgres is away; a session that was lost is never answered. */
export class ChannelStore {
  readonly #parts: Parts
  readonly #owner: Ownership

  constructor(parts: Parts, owner: Ownership) {
    this.#parts = parts
    this.#owner = owner
  }

  /** undefined: nobody has connected one yet. Throws SealError, also where the keys are missing. */
  async channel(): Promise<Channel | undefined> {
    const { pool, bootId, keys, log } = this.#parts
    const { sessionId } = this.#owner
    const row = await persist('a channel', log, () => loadChannel(pool, bootId, sessionId))
    if (!row) return undefined
    if (!keys) throw new SealError('BERTH_CHANNEL_KEYS is not set, with which the secrets of channels are opened')
    return {
      ...openSecrets(keys.sealer(sessionId), row.value),
      phoneNumberId: row.phone_number_id,
      version: row.version,
    }
  }

  /** What came and was not dealt with yet, oldest first. */
  inbox(limit: number): Promise<Inbox> {
    const { pool, bootId, log } = this.#parts
    return persist('an inbox', log, () => loadInbox(pool, bootId, this.#owner.sessionId, limit))
  }

  /** What these say is durable elsewhere. */
  done(numbers: number[]): Promise<void> {
    const { pool, bootId } = this.#parts
    return this.#write('an inbox', () => inboxDone(pool, bootId, this.#owner, numbers))
  }

  keepIds(pairs: IdPair[]): Promise<void> {
    const { pool, bootId } = this.#parts
    return this.#write('ids of messages', () => keepProviderIds(pool, bootId, this.#owner, pairs))
  }

  /** Of messages that the provider had taken. */
  refuse(refusals: MessageRefusal[]): Promise<void> {
    const { pool, bootId } = this.#parts
    return this.#write('refusals of messages', () => refuseMessages(pool, bootId, this.#owner, refusals))
  }

  /** Messages of ours that have one of these ids, ours or the provider's. */
  async findIds(ids: string[]): Promise<IdPair[]> {
    if (ids.length === 0) return []
    const { pool, bootId, log } = this.#parts
    return persist('ids of messages', log, () => findProviderIds(pool, bootId, this.#owner.sessionId, ids))
  }

  async #write(what: string, write: () => Promise<boolean>): Promise<void> {
    if (!this.#owner.loss) await persistOwned(what, this.#parts.log, this.#owner, write)
  }
}
