/**
 * How a phone gets linked: the codes that the connections of one session offer, while it has no phone.
 *
 * Nobody looks: no connection is held. Somebody asks: one is opened, and offers a code after another, each for its time, until
 * a phone scans one or WhatsApp's codes run out. At each new code it is asked whether somebody still looks: if not, the
 * connection is closed. A pairing code is asked for on such a connection, and is good for as long as that has codes to offer.
 */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { type BinaryNode, getBinaryNodeChild, getBinaryNodeChildren, type WASocket } from '@whiskeysockets/baileys'
import { within } from '../../store/within.ts'
import { AskFailed, type ConnectionReport, type DriverHost, type PairingCode } from '../driver.ts'
import type { AuthState } from './auth-state.ts'
import { failureOf } from './questions.ts'
import { RESTING } from './reconnect.ts'

/** How long a code can be scanned: the first of a connection, and the others. */
const FIRST_CODE_MS = 60_000
const NEXT_CODE_MS = 20_000
/** A person must find the place in the phone's menus and type eight letters: with less time left another connection is opened. */
const PAIRING_MIN_MS = 90_000
/** For a connection that offers codes. */
const CONNECTION_MS = 8000
/** For WhatsApp's answer to a pairing code. */
const ANSWER_MS = 8000

type Report = (words: Pick<ConnectionReport, 'state' | 'reason' | 'message'>) => void

/** A connection that offers codes. */
interface Offering {
  socket: WASocket
  /** Codes so far. */
  codes: number
  /** When its last code will have expired, in milliseconds since 1970. */
  endsAt: number
  isScanned: boolean
  /** When the pairing code that was asked for expires; 0: none was. */
  pairingCodeUntil: number
  ended: PromiseWithResolvers<void>
}

export class Linking {
  readonly #host: Pick<DriverHost, 'qr' | 'isCodeWanted'>
  readonly #auth: Pick<AuthState, 'me' | 'forgetPairingCode'>
  readonly #report: Report
  #offering: Offering | undefined
  #wasUnscanned = false
  /** Replaced at each change of the above. */
  #changed = Promise.withResolvers<void>()
  #asked = Promise.withResolvers<void>()
  /** A pairing code replaces the one before: one is asked for after another. */
  #lastPairing: Promise<unknown> = Promise.resolve()

  constructor(
    host: Pick<DriverHost, 'qr' | 'isCodeWanted'>,
    auth: Pick<AuthState, 'me' | 'forgetPairingCode'>,
    report: Report,
  ) {
    this.#host = host
    this.#auth = auth
    this.#report = report
  }

  /** The last connection offered codes, and no phone took one. */
  get wasUnscanned(): boolean {
    return this.#wasUnscanned
  }

  /** Somebody looks, or has a pairing code to type. */
  get isWanted(): boolean {
    return this.#host.isCodeWanted() || (this.#offering?.pairingCodeUntil ?? 0) > Date.now()
  }

  /** Somebody asks for a code. */
  wake(): void {
    this.#asked.resolve()
  }

  /** Waits, without a connection, until somebody wants a code or the signal is aborted. */
  async rest(signal: AbortSignal): Promise<void> {
    if (this.#host.isCodeWanted() || signal.aborted) return
    this.#report(RESTING)
    this.#asked = Promise.withResolvers()
    const wake = () => this.wake()
    signal.addEventListener('abort', wake, { once: true })
    await this.#asked.promise
    signal.removeEventListener('abort', wake)
    this.#report({ state: 'Connecting', reason: 'CodeWanted', message: 'Somebody asked for a code. Connecting.' })
  }

  /** A connection begins. */
  follow(socket: WASocket): void {
    const ended = Promise.withResolvers<void>()
    const offering: Offering = { socket, codes: 0, endsAt: 0, isScanned: false, pairingCodeUntil: 0, ended }
    this.#offering = offering
    this.#wasUnscanned = false
    socket.ws.on('CB:iq,type:set,pair-device', (stanza: BinaryNode) => {
      const codes = getBinaryNodeChildren(getBinaryNodeChild(stanza, 'pair-device'), 'ref').length
      offering.endsAt = Date.now() + FIRST_CODE_MS + (codes - 1) * NEXT_CODE_MS
    })
    socket.ws.on('CB:iq,,pair-success', () => {
      offering.isScanned = true
    })
  }

  /** Baileys has a code to show. */
  offer(text: string): void {
    const offering = this.#offering!
    if (!this.isWanted && !offering.isScanned) return void offering.socket.end(undefined)
    this.#wasUnscanned = true
    const lifetime = ++offering.codes === 1 ? FIRST_CODE_MS : NEXT_CODE_MS
    this.#host.qr({ text, expiresAt: new Date(Date.now() + lifetime) })
    if (offering.pairingCodeUntil === 0) {
      this.#report({
        state: 'WaitingForScan',
        reason: 'CodeReady',
        message: 'Scan the code with the phone: WhatsApp, Linked devices, Link a device.',
      })
    }
    void failpoint('link.code-shown')
    this.#tell()
  }

  /** A phone has scanned the code, or taken the pairing code. */
  scanned(): void {
    this.#wasUnscanned = false
    this.#host.qr(undefined)
    this.#report({ state: 'Connecting', reason: 'Scanned', message: 'The phone took the code. Connecting.' })
  }

  /** The connection has ended. */
  ended(): void {
    this.#host.qr(undefined)
    this.#auth.forgetPairingCode()
    this.#offering?.ended.resolve()
    this.#offering = undefined
    this.#tell()
  }

  /**
   * A code that the phone of this number takes in place of a scan; it makes an earlier one worthless.
   * @param phoneNumber E.164
   * @throws AskFailed
   */
  pairingCode(phoneNumber: string): Promise<PairingCode> {
    const code = this.#lastPairing.then(() => this.#pairingCode(phoneNumber))
    this.#lastPairing = code.catch(() => {})
    return code
  }

  async #pairingCode(phoneNumber: string): Promise<PairingCode> {
    const offering = await this.#fresh(Date.now() + CONNECTION_MS)
    const asked = offering.socket.requestPairingCode(phoneNumber.slice(1))
    const [code] = await Promise.all([asked, answerOn(offering)]).catch((error) => {
      throw failureOf(error)
    })
    const expiresAt = new Date(offering.endsAt)
    offering.pairingCodeUntil = offering.endsAt
    this.#report({
      state: 'WaitingForScan',
      reason: 'PairingCodeReady',
      message: 'Type the pairing code on the phone: WhatsApp, Linked devices, Link with phone number instead.',
    })
    return { code: `${code.slice(0, 4)}-${code.slice(4)}`, expiresAt }
  }

  /** A connection that offers codes for long enough. */
  async #fresh(deadline: number): Promise<Offering> {
    for (;;) {
      if (this.#auth.me) throw new AskFailed('not_waiting_for_scan', 'The session is linked already.')
      const offering = this.#offering
      if (offering && offering.codes > 0) {
        if (offering.endsAt - Date.now() >= PAIRING_MIN_MS) return offering
        void offering.socket.end(undefined)
      }
      await within(deadline - Date.now(), this.#changed.promise).catch(() => {
        throw new AskFailed('no_answer', 'WhatsApp was not reached in time.')
      })
    }
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

const ANSWERED = 'CB:iq,type:result,link_code_companion_reg'
const REFUSED = 'CB:iq,type:error'

/**
 * What WhatsApp says to a pairing code, for which Baileys does not wait. Nothing else that may be refused is asked on a
 * connection that is not logged in.
 */
async function answerOn({ socket: { ws }, ended }: Offering): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAnswer = () => resolve()
  const onRefusal = (stanza: BinaryNode) => reject(refusalIn(stanza))
  ws.on(ANSWERED, onAnswer)
  ws.on(REFUSED, onRefusal)
  void ended.promise.then(() => reject(new AskFailed('no_answer', 'The connection to WhatsApp ended.')))
  try {
    await within(ANSWER_MS, promise)
  } catch (error) {
    throw error instanceof AskFailed ? error : new AskFailed('no_answer', 'WhatsApp did not answer in time.')
  } finally {
    ws.off(ANSWERED, onAnswer)
    ws.off(REFUSED, onRefusal)
  }
}

function refusalIn(stanza: BinaryNode): AskFailed {
  const { code, text } = getBinaryNodeChild(stanza, 'error')?.attrs ?? {}
  if (code === '429') return new AskFailed('rate_limited', 'WhatsApp gives this number no more codes for now.')
  const why = [code, text].filter(Boolean).join(' ')
  return new AskFailed('refused', `WhatsApp gives this number no code (${why}). Check it, with its country code.`)
}
