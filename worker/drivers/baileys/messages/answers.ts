/** What contacts chose of buttons and lists. They are only received: WhatsApp shows those of businesses alone. */
import type { MessageOf } from '@berth/core/model/message.ts'
import type { proto } from '@whiskeysockets/baileys'
import type { Family } from './family.ts'

type Answer = MessageOf<'button_answer'>['answer']

export const answers: Family<MessageOf<'button_answer' | 'list_answer'>> = {
  types: ['button_answer', 'list_answer'],
  fromProto(message) {
    const { listResponseMessage: list } = message
    if (list) {
      const { title, description, singleSelectReply } = list
      const answer = answerOf(singleSelectReply?.selectedRowId, title)
      return { type: 'list_answer', answer: { ...answer, ...(description ? { description } : {}) } }
    }
    const answer = buttonIn(message)
    return answer && { type: 'button_answer', answer }
  },
}

function buttonIn(message: proto.IMessage): Answer | undefined {
  const { buttonsResponseMessage, templateButtonReplyMessage, interactiveResponseMessage } = message
  if (buttonsResponseMessage) {
    return answerOf(buttonsResponseMessage.selectedButtonId, buttonsResponseMessage.selectedDisplayText)
  }
  if (templateButtonReplyMessage) {
    return answerOf(templateButtonReplyMessage.selectedId, templateButtonReplyMessage.selectedDisplayText)
  }
  const flow = interactiveResponseMessage?.nativeFlowResponseMessage
  return flow ? answerOf(idIn(flow.paramsJson), interactiveResponseMessage?.body?.text) : undefined
}

const answerOf = (id: string | null | undefined, text: string | null | undefined): Answer => ({
  id: id ?? '',
  text: text ?? '',
})

/** Native buttons answer in JSON, which the contact's phone wrote. */
function idIn(json: string | null | undefined): string | undefined {
  try {
    const { id } = JSON.parse(json ?? '')
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}
