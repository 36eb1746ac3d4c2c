/**
 * What is answered to a message without a person: one strategy for each way of finding the words. Pure: whoever wants to ask a
 * service first does so outside, and answers by the API.
 */

import { StaticReply } from '@berth/core/model/auto-reply.ts'
import type { UnifiedMessage } from '@berth/core/model/message.ts'
import type { ReceivedMessage } from '@berth/core/postgres/commit.ts'

export interface ResponseStrategy {
  /** undefined: it says nothing to this one. Settings are as they were stored. */
  respond(message: ReceivedMessage, settings: unknown): UnifiedMessage | undefined
}

/** Always the same text. */
const fixed: ResponseStrategy = {
  respond(_message, settings) {
    const { data } = StaticReply.safeParse(settings)
    return data && { type: 'text', text: data.text }
  },
}

/** By the names under which they are stored. */
export const strategies: Readonly<Record<string, ResponseStrategy>> = { static: fixed }
