/** What the sessions of this process need of it, made of its parts: each asks Postgres in the name of this boot. */
import type { KeyRing } from '@berth/core/crypto/seal.ts'
import type { MediaStore } from '@berth/core/media/store.ts'
import { journalBody, loadSent } from '@berth/core/postgres/auth-state.ts'
import { leaseLogins } from '@berth/core/postgres/logins.ts'
import { owned } from '@berth/core/postgres/ownership.ts'
import type { Pool } from '@berth/core/postgres/pool.ts'
import { trustSession } from '@berth/core/postgres/trust.ts'
import { MediaInbox } from '../media/inbox.ts'
import { OutgoingFiles } from '../media/outgoing.ts'
import { AutoReplies } from '../responses/auto-replies.ts'
import { OwnershipLost } from '../store/ownership.ts'
import { persist } from '../store/persist.ts'
import { journalPlace } from '../store/unit.ts'
import { ChannelStore } from './channels.ts'
import type { SessionEnvironment } from './environment.ts'
import { LoginGate } from './login-gate.ts'
import { Taker } from './taker.ts'

type Parts = Pick<SessionEnvironment, 'committer' | 'loader' | 'cache' | 'drivers' | 'mayAct' | 'changed' | 'log'> & {
  pool: Pool
  bootId: string
  /** Where files are kept; undefined: nowhere. */
  media: MediaStore | undefined
  channelKeys: KeyRing | undefined
}

export function makeEnvironment({ pool, bootId, media, channelKeys, ...parts }: Parts): SessionEnvironment {
  const { log } = parts
  const taker = new Taker(pool, bootId, log)
  return {
    ...parts,
    logins: new LoginGate({ lease: (most, wanted) => leaseLogins(pool, { boot: bootId, most, wanted }) }),
    stillOurs: async (owner) => {
      const ours = await persist('claim check', log, () => owned(pool, bootId, [owner]))
      if (!ours.has(owner.sessionId)) owner.lose(new OwnershipLost(owner.sessionId))
      return !owner.loss
    },
    renewed: (owner) => persist('trust in a session', log, () => trustSession(pool, bootId, owner)),
    journalBody: async (owner, hash) => {
      const box = await persist('journal', log, () => journalBody(pool, bootId, owner.sessionId, hash))
      return box && owner.sealer.open(journalPlace(hash), box)
    },
    inbox: new MediaInbox({ pool, bootId, store: media, log }),
    outgoing: new OutgoingFiles({ pool, bootId, store: media, log }),
    replies: new AutoReplies(pool, bootId),
    channelOf: (owner) => new ChannelStore({ pool, bootId, keys: channelKeys, log }, owner),
    take: (owner, messageId) => taker.take(owner, messageId),
    sent: (owner, id) => persist('sent message', log, () => loadSent(pool, bootId, owner.sessionId, id)),
  }
}
