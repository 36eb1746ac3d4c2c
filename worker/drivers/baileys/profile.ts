/** What an account tells of itself, and the pictures of its groups. */
import type { ActInput } from '@berth/core/model/acts.ts'
import type { BinaryNode } from '@whiskeysockets/baileys'
import { AskFailed } from '../driver.ts'
import { inGroup } from './groups.ts'
import type { Asking } from './questions.ts'

const NO_KEY =
  'The phone has not given this device the key for its settings yet. Open WhatsApp on the phone, and try again.'

export async function changeProfile(
  { socket }: Asking,
  { change }: ActInput<'changeProfile'>,
): Promise<Record<never, never>> {
  if ('about' in change) {
    await socket.updateProfileStatus(change.about)
    return {}
  }
  const { me, myAppStateKeyId } = socket.authState.creds
  if (!me || !myAppStateKeyId) throw new AskFailed('refused', NO_KEY)
  await socket.updateProfileName(change.name)
  // Messages carry it from now on.
  socket.ev.emit('creds.update', { me: { ...me, name: change.name } })
  return {}
}

/** Baileys' own call would need a picture library, to make a JPEG of what is one already. */
export async function setPicture(
  { socket }: Asking,
  { chat, picture }: ActInput<'setPicture'>,
): Promise<Record<never, never>> {
  const content = picture && [{ tag: 'picture', attrs: { type: 'image' }, content: Buffer.from(picture, 'base64') }]
  const query: BinaryNode = {
    tag: 'iq',
    attrs: { to: '@s.whatsapp.net', type: 'set', xmlns: 'w:profile:picture', ...(chat && { target: chat }) },
    ...(content && { content }),
  }
  if (chat) await inGroup(socket, chat, () => socket.query(query))
  else await socket.query(query)
  return {}
}
