/** What the provider of a session lets be sent, and when. Pure. */
import { CLOUD_API } from '@berth/core/cloud-api/channel.ts'
import type { MessageType } from '@berth/core/model/message.ts'
import type { Composed } from './compose.ts'
import { Problem } from './problems/problem.ts'

/** WhatsApp counts it from the contact's last message. */
const WINDOW_MS = 24 * 3_600_000

const ONLY_OF_BUSINESSES: readonly MessageType[] = ['template', 'buttons', 'list']
const ONLY_OF_PHONES: readonly MessageType[] = ['poll', 'vote', 'edit', 'delete']

/** Throws Problem not_with_this_provider. */
export function requireSendable(provider: string, { chat, message }: Composed): void {
  const isCloudApi = provider === CLOUD_API
  const refused = isCloudApi ? ONLY_OF_PHONES : ONLY_OF_BUSINESSES
  const isGroup = !chat.endsWith('@s.whatsapp.net')
  if (refused.includes(message.type) || (isCloudApi && isGroup)) throw new Problem('not_with_this_provider')
}

/** It may be sent only to who wrote lately. */
export const needsWindow = (provider: string, { message }: Composed): boolean =>
  provider === CLOUD_API && message.type !== 'template'

/**
 * @param lastInbound when the contact wrote last; undefined: never here, but maybe before the number was connected, so
 * WhatsApp is left to decide
 * @param sendAt when it is to go out
 * Throws Problem window_closed.
 */
export function requireWindow(lastInbound: Date | undefined, sendAt: Date): void {
  if (lastInbound && sendAt.getTime() - lastInbound.getTime() > WINDOW_MS) throw new Problem('window_closed')
}
