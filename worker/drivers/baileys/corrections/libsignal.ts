/**
 * Corrects SessionCipher.decryptWithSessions of libsignal 6.0.0, process-wide; Baileys itself is not touched.
 *
 * A record may hold several sessions with a contact, and all of them are tried. Each failed try has already stepped that
 * session's ratchet (it is stepped before the MAC is checked), and the damaged sessions are then stored with the good one:
 * messages under way on an older session break the newer one. Here a session that failed is put back as it was.
 *
 * A true duplicate is reported as such, not as "no matching session": Baileys then acknowledges it, and does not ask the
 * sender to encrypt it again. With that the journal is compulsory, or a redelivery after a crash would be lost silently.
 */
import { createRequire } from 'node:module'

interface SignalSession {
  indexInfo: { used: number }
  serialize(): unknown
  constructor: { deserialize(data: unknown): object }
}

interface CipherPrototype {
  decryptWithSessions(data: Buffer, sessions: SignalSession[]): Promise<{ session: SignalSession; plaintext: Buffer }>
  doDecryptWhisperMessage(data: Buffer, session: SignalSession): Promise<Buffer>
}

const require = createRequire(import.meta.url)
const { SessionCipher } = require('libsignal') as { SessionCipher: { prototype: CipherPrototype } }
const { SessionError } = require('libsignal/src/errors.js') as { SessionError: new (message: string) => Error }

/** What upstream's method looks like; another text means that this correction must be looked at again. */
export const upstreamDecryptWithSessions: string = SessionCipher.prototype.decryptWithSessions.toString()

export function correctLibsignal(): void {
  SessionCipher.prototype.decryptWithSessions = async function decryptWithSessions(
    this: CipherPrototype,
    data,
    sessions,
  ) {
    let duplicate: unknown
    for (const session of sessions) {
      const before = structuredClone(session.serialize())
      try {
        const plaintext = await this.doDecryptWhisperMessage(data, session)
        session.indexInfo.used = Date.now()
        return { session, plaintext }
      } catch (error) {
        if ((error as Error).name === 'MessageCounterError') duplicate = error
        for (const field of Object.keys(session)) delete session[field as keyof SignalSession]
        Object.assign(session, session.constructor.deserialize(before))
      }
    }
    throw (
      duplicate ??
      new SessionError(sessions.length ? 'No matching sessions found for message' : 'No sessions available')
    )
  }
}
