// Corrects libsignal-node's decryptWithSessions, for the whole process.
//
// It tries a message on every session of a record, and each failed try has already stepped that session's ratchet (the
// step comes before the check of the MAC); the damaged sessions are then stored along with the good one. Here a session
// that failed is put back as it was. And a message whose key was used already is reported as just that, not as "no
// matching session". Real phones do both.
import { libsignal, type SessionEntry } from './libsignal.ts'

type SessionEntryClass = { deserialize(data: object): SessionEntry }

let installed = false

/** Does nothing the second time. */
export function correctLibsignal(): void {
  if (installed) return
  installed = true
  libsignal.SessionCipher.prototype.decryptWithSessions = async function (data, sessions) {
    if (!sessions.length) throw new libsignal.SessionError('No sessions available')
    let duplicate: unknown
    for (const session of sessions) {
      const before = session.serialize()
      try {
        const plaintext = await this.doDecryptWhisperMessage(data, session)
        session.indexInfo.used = Date.now()
        return { session, plaintext }
      } catch (error) {
        if (error instanceof libsignal.MessageCounterError) duplicate = error
        restore(session, before)
      }
    }
    throw duplicate ?? new libsignal.SessionError('No matching sessions found for message')
  }
}

/** In place: the record that will be stored holds this very object. */
function restore(session: SessionEntry, before: object): void {
  const intact = (session.constructor as unknown as SessionEntryClass).deserialize(before)
  for (const key of Object.keys(session)) delete (session as unknown as Record<string, unknown>)[key]
  Object.assign(session, intact)
}
