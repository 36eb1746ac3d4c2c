/**
 * What Meta's error codes mean for us (https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes). Pure.
 * The codes are those of messages that failed; an error that is told by webhook has the same numbers.
 */

export type Meaning =
  /** The token is no good: nothing works until somebody gives another. */
  | 'credentials'
  /** This message, file or question will never work as it is. */
  | 'refused'
  /** Not now: trying again later is right. */
  | 'later'

export interface Verdict {
  meaning: Meaning
  /** For programs. */
  code: string
  /** For people: what is wrong, and what to do. */
  message: string
}

const of = (meaning: Meaning, code: string, message: string) => (): Verdict => ({ meaning, code, message })

const credentials = of(
  'credentials',
  'token_invalid',
  'Meta refuses the access token: it has expired, was revoked, or lacks a permission. Set a new one: PUT …/channel.',
)
const blocked = of(
  'credentials',
  'account_blocked',
  'Meta has locked or restricted this business account. See the account in the WhatsApp Manager, and settle it there.',
)
const later = of('later', 'provider_busy', 'Meta takes no more at the moment; it is tried again.')
const invalid = of('refused', 'invalid_message', 'Meta says that a field of the message is missing or not right.')
const template = of(
  'refused',
  'template_refused',
  'The template does not exist, is not approved, or its parameters do not fit. Compare it with the WhatsApp Manager.',
)

const VERDICTS: Record<number, () => Verdict> = {
  0: credentials,
  190: credentials,
  3: credentials,
  10: credentials,
  131005: credentials,
  131031: blocked,
  368: blocked,
  130497: blocked,
  131042: of(
    'refused',
    'payment_required',
    'Meta waits for a payment. Settle it in the WhatsApp Manager, and send again.',
  ),
  133010: of(
    'refused',
    'number_not_registered',
    'The number is not registered with the Cloud API. Register it, and send again.',
  ),
  1: later,
  2: later,
  4: later,
  80007: later,
  130429: later,
  131000: later,
  131016: later,
  131056: later,
  131057: later,
  133004: later,
  131047: of(
    'refused',
    'window_closed',
    'The contact wrote nothing in the last 24 hours, so WhatsApp takes only templates. Send {"type": "template"}.',
  ),
  131026: of(
    'refused',
    'undeliverable',
    'WhatsApp could not deliver it: the number has no WhatsApp, or does not take it.',
  ),
  131021: of('refused', 'undeliverable', 'A number can not write to itself. Choose another recipient.'),
  131030: of(
    'refused',
    'undeliverable',
    "The recipient is not on the test number's list. Add it there, and send again.",
  ),
  131048: of(
    'refused',
    'limited',
    'Meta limits this number, as people reported its messages as spam. Send less for some days.',
  ),
  131049: of(
    'refused',
    'limited',
    'Meta held this message back, to keep people from getting too many. Send it another day.',
  ),
  130472: of('refused', 'limited', 'Meta held this message back as part of an experiment. Send it another day.'),
  131051: of('refused', 'unsupported_type', 'WhatsApp does not take messages of this type.'),
  131052: of('refused', 'media_failed', 'Meta could not download the file. Send it again.'),
  131053: of(
    'refused',
    'media_failed',
    'Meta does not take the file: its type or size is not one that WhatsApp shows.',
  ),
  100: invalid,
  131008: invalid,
  131009: invalid,
}

const UNKNOWN: Verdict = { meaning: 'refused', code: 'refused', message: 'Meta refuses the message.' }

/** @param details what Meta says besides, for people; may be empty */
export function verdictOf(code: number, details = ''): Verdict {
  const verdict = VERDICTS[code]?.() ?? familyOf(code)
  return details ? { ...verdict, message: `${verdict.message} (Meta: ${details}, code ${code})` } : verdict
}

const familyOf = (code: number): Verdict =>
  code >= 200 && code < 300 ? credentials() : code >= 132_000 && code < 133_000 ? template() : UNKNOWN
