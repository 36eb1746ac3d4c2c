/**
 * A phone has scanned the code. Baileys answers WhatsApp at once, which makes us a linked device, and has its credentials
 * stored meanwhile: a crash in between leaves a device on the phone whose keys nobody has. Here they are stored first. What
 * can't be closed is the other side: a crash before the answer leaves stored credentials of a device that WhatsApp never
 * got to know; its login is refused (401), and a new code is shown (reconnect.ts). The phone said that it could not link.
 */
import type { EventEmitter } from 'node:events'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { type BinaryNode, configureSuccessfulPairing } from '@whiskeysockets/baileys'
import type { AuthState } from './auth-state.ts'
import { takeListeners } from './listeners.ts'

export function storeBeforeAnswering(ws: EventEmitter, auth: Pick<AuthState, 'creds' | 'saveLinked'>): void {
  const handOver = takeListeners(ws, 'CB:iq,,pair-success')
  ws.on('CB:iq,,pair-success', async (stanza: BinaryNode) => {
    await failpoint('link.scanned')
    const update = linkedAs(stanza, auth)
    if (update) await auth.saveLinked(update)
    await failpoint('link.stored')
    await handOver(stanza)
    await failpoint('link.answered')
  })
}

/** Undefined when WhatsApp's word can't be believed: Baileys finds the same, and ends the connection. */
function linkedAs(stanza: BinaryNode, { creds }: Pick<AuthState, 'creds'>) {
  try {
    return configureSuccessfulPairing(stanza, creds).creds
  } catch {
    return undefined
  }
}
