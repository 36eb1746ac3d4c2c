/**
 * Why a message was not sent: the codes that a row may have, in words for people, and what to do. The codes are stable. A code that is
 * not here is of a later release, or of another provider; the row then has words of its own.
 */

interface SendFailure {
  message: string
  remedy: string
}

export const SEND_FAILURES = {
  cancelled: {
    message: 'You cancelled it before it was sent.',
    remedy: 'Nothing: to send it after all, send it anew.',
  },
  expired: {
    message: 'Its deadline passed before it could be sent.',
    remedy:
      'Look at the state of the session for what kept it; send it anew with a later deadline, if it still matters.',
  },
  outcome_unknown: {
    message: 'It was handed over, WhatsApp did not confirm it, and its deadline passed: it is not sent again.',
    remedy: 'It may have arrived: its status moves on if WhatsApp says so. Ask the contact before you send it anew.',
  },
  session_logged_out: {
    message: 'The account was logged out before the message was sent.',
    remedy: 'Link the session again with POST /v1/sessions/{name}/relink, and send the message anew.',
  },
  not_on_whatsapp: {
    message: 'The number has no WhatsApp account.',
    remedy: 'Check the number, with its country code.',
  },
  not_in_group: {
    message: 'The account is not in that group, or there is no such group.',
    remedy: 'Have the account added to the group, and send the message anew.',
  },
  unsupported_type: {
    message: 'Messages of this type can not be sent.',
    remedy: 'Send it as another type.',
  },
  account_restricted: {
    message: 'WhatsApp does not let this account begin new chats for now. Chats that exist go on.',
    remedy: 'Wait some hours, and let contacts write first. Sending more of the same may get the account banned.',
  },
  rejected: {
    message: 'WhatsApp found something wrong with the message for this contact.',
    remedy: 'Send it anew once: its keys are renewed. If it is refused again, send it in another form.',
  },
  media_not_found: {
    message: 'The file was deleted before it was sent.',
    remedy: 'Upload the file again, and send the message anew.',
  },
} satisfies Record<string, SendFailure>
export type SendFailureCode = keyof typeof SEND_FAILURES

/** By the code of a row; undefined: nothing more is known than what the row says. */
export const sendFailure = (code: string): SendFailure | undefined =>
  Object.hasOwn(SEND_FAILURES, code) ? SEND_FAILURES[code as SendFailureCode] : undefined
