/**
 * Corrects libsignal 6.0.0 in two places, process-wide; Baileys itself is not touched.
 *
 * decryptWithSessions: a record may hold several sessions with a contact, and all of them are tried. Each failed try has already stepped that
 * session's ratchet (it is stepped before the MAC is checked), and the damaged sessions are then stored with the good one:
 * messages under way on an older session break the newer one. Here a session that failed is put back as it was.
 *
 * A true duplicate is reported as such, not as "no matching session": Baileys then acknowledges it, and does not ask the
 * sender to encrypt it again. With that the journal is compulsory, or a redelivery after a crash would be lost silently.
 *
 * Jobs: libsignal has one queue for each address of a contact, over all accounts of the process, and runs its jobs in the
 * asynchronous context of whoever began the queue. Baileys keeps its transactions in that context. With two accounts that
 * write with the same contact, one's step would run in another's transaction, or in one that ended long ago and is written
 * by nobody: the step is lost, and its message key used a second time. Here each job runs in the context of its caller.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'

interface SignalSession {
  indexInfo: { used: number }
  serialize(): unknown
  constructor: { deserialize(data: unknown): object }
}

interface CipherPrototype {
  decryptWithSessions(data: Buffer, sessions: SignalSession[]): Promise<{ session: SignalSession; plaintext: Buffer }>
  doDecryptWhisperMessage(data: Buffer, session: SignalSession): Promise<Buffer>
  queueJob<T>(job: () => Promise<T>): Promise<T>
}

type Storage = Record<string, (...args: unknown[]) => unknown>

interface BuilderPrototype {
  storage: Storage
  initOutgoing(device: object): Promise<void>
}

const require = createRequire(import.meta.url)
const { SessionBuilder, SessionCipher } = require('libsignal') as {
  SessionBuilder: { prototype: BuilderPrototype }
  SessionCipher: { prototype: CipherPrototype }
}
const { SessionError } = require('libsignal/src/errors.js') as { SessionError: new (message: string) => Error }

/** What upstream's method looks like; another text means that this correction must be looked at again. */
export const upstreamDecryptWithSessions: string = SessionCipher.prototype.decryptWithSessions.toString()

const upstreamQueueJob = SessionCipher.prototype.queueJob
const upstreamInitOutgoing = SessionBuilder.prototype.initOutgoing

export function correctLibsignal(): void {
  SessionCipher.prototype.queueJob = function queueJob(job) {
    return upstreamQueueJob.call(this, AsyncLocalStorage.bind(job)) as ReturnType<typeof job>
  }

  // It queues its job by itself; all that the job needs of the context is in its storage.
  SessionBuilder.prototype.initOutgoing = function initOutgoing(device) {
    this.storage = inThisContext(this.storage)
    return upstreamInitOutgoing.call(this, device)
  }

  SessionCipher.prototype.decryptWithSessions = async function decryptWithSessions(
    this: CipherPrototype,
    data,
    sessions,
  ) {
    let duplicate: unknown
    for (const [i, session] of sessions.entries()) {
      // After the last one nothing is stored when it fails too. (serialize() answers a deep copy.)
      const before = i < sessions.length - 1 ? session.serialize() : undefined
      try {
        const plaintext = await this.doDecryptWhisperMessage(data, session)
        session.indexInfo.used = Date.now()
        return { session, plaintext }
      } catch (error) {
        if ((error as Error).name === 'MessageCounterError') duplicate = error
        if (before) putBack(session, before)
      }
    }
    throw (
      duplicate ??
      new SessionError(sessions.length ? 'No matching sessions found for message' : 'No sessions available')
    )
  }
}

function putBack(session: SignalSession, before: unknown): void {
  for (const field of Object.keys(session)) delete session[field as keyof SignalSession]
  Object.assign(session, session.constructor.deserialize(before))
}

function inThisContext(storage: Storage): Storage {
  const run = AsyncLocalStorage.snapshot()
  const bound = Object.entries(storage).map(([name, method]) => [name, (...args: unknown[]) => run(method, ...args)])
  return Object.fromEntries(bound)
}
