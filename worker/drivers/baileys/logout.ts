/**
 * Takes the account's link away on WhatsApp's side. Baileys' own `logout` only hands the request to the socket: who dies then
 * leaves a device behind that nobody uses. This one waits for WhatsApp's word.
 */
import { DisconnectReason, S_WHATSAPP_NET, type WASocket } from '@whiskeysockets/baileys'

/** @throws when WhatsApp did not answer or refused; the link may be gone all the same, which the next login tells. */
export async function logOut(socket: WASocket): Promise<void> {
  await socket.query({
    tag: 'iq',
    attrs: { to: S_WHATSAPP_NET, type: 'set', id: socket.generateMessageTag(), xmlns: 'md' },
    content: [{ tag: 'remove-companion-device', attrs: { jid: socket.user!.id, reason: 'user_initiated' } }],
  })
  // As Baileys words the end of a connection.
  void socket.end(Object.assign(new Error('logged out'), { output: { statusCode: DisconnectReason.loggedOut } }))
}
