/** Polls. The votes in them are changes. */
import type { MessageOf } from '@berth/core/model/message.ts'
import type { Family } from './family.ts'

export const poll: Family<MessageOf<'poll'>> = {
  types: ['poll'],
  toProto({ poll: { question, options, choices }, secret }) {
    const made = {
      name: question,
      options: options.map((optionName) => ({ optionName })),
      selectableOptionsCount: choices,
    }
    // WhatsApp has a field of its own for polls with one choice.
    const field = choices === 1 ? { pollCreationMessageV3: made } : { pollCreationMessage: made }
    return { ...field, ...(secret && { messageContextInfo: { messageSecret: Buffer.from(secret, 'base64') } }) }
  },
  fromProto(message, _, outer) {
    const { pollCreationMessage, pollCreationMessageV2, pollCreationMessageV3, pollCreationMessageV5 } = message
    const made = pollCreationMessage ?? pollCreationMessageV2 ?? pollCreationMessageV3 ?? pollCreationMessageV5
    const options = (made?.options ?? []).flatMap(({ optionName }) => optionName || [])
    if (!made?.name || options.length === 0) return undefined
    const secret = (message.messageContextInfo ?? outer.messageContextInfo)?.messageSecret
    return {
      type: 'poll',
      poll: { question: made.name, options, choices: made.selectableOptionsCount ?? 0 },
      ...(secret?.length ? { secret: Buffer.from(secret).toString('base64') } : {}),
    }
  },
}
