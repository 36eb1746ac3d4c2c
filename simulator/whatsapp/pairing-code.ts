// Linking a device by a code, told as the server and the phone see it. A client that waits to be linked may ask for it
// under a phone number (companion_hello) and show a code. The person types the code on that phone, whose answer goes to
// the client as a notification (primary_hello). The client answers with what proves that both used the same code
// (companion_finish). From there on it is as after a scan.
//
// A client may ask again: only its latest code counts, and of several clients only the latest one. A wrong code shows no
// sooner than in companion_finish; the person may then type again.
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import type { Connection } from './connection.ts'
import { SERVER } from './jid.ts'
import type { Network } from './network.ts'
import { ANSWER_MS, checkDeviceLimit, linkDevice, type Registration } from './pairing.ts'
import { type KeyBundle, openKeyBundle, unwrapKey, WRAPPED_LENGTH, wrapKey } from './pairing-code-keys.ts'
import type { Answer } from './queries/answer.ts'
import { curve } from './signal/libsignal.ts'
import { bytesOf, child, describe, type Stanza, seconds, stanza } from './stanza.ts'

/** As long as the clients of WhatsApp show one. */
const CODE_LIFE_MS = 180_000

/** A client shows a code and waits for a person to type it. */
export interface CodeRequest {
  /** Of the phone that the code is for. */
  number: string
  ref: Buffer
  /** The client's key of this exchange, under the code. */
  wrappedKey: Buffer
  /** Unix milliseconds. */
  at: number
  /** Notifications to the client that it hasn't acknowledged. */
  unacknowledged: Set<string>
  /** Set while a typed code is tried. */
  trial: { answer: (sealedBundle: Buffer) => void; fail: (error: SimulatorError) => void } | undefined
}

/** `companion_hello` and `companion_finish`; undefined when the query is neither. */
export function answerCodeRegistration(connection: Connection, query: Stanza): Answer | undefined {
  const asked = child(query, 'link_code_companion_reg')
  if (asked?.attrs.stage === 'companion_hello') return takeHello(connection, asked)
  if (asked?.attrs.stage === 'companion_finish') return takeFinish(connection, asked)
  return undefined
}

/** True for the acknowledgement of a phone's answer, which comes before any login. */
export function acknowledgesCode({ codeRequest }: Connection, { tag, attrs }: Stanza): boolean {
  return tag === 'ack' && attrs.class === 'notification' && codeRequest?.unacknowledged.delete(attrs.id ?? '') === true
}

/** The code that the connection showed counts no more. */
export function withdrawCode(connection: Connection): void {
  const request = connection.codeRequest
  if (!request) return
  const { codeRequests } = connection.network
  if (codeRequests.get(request.number) === connection) codeRequests.delete(request.number)
  request.trial?.fail(new SimulatorError('link_failed', 'The device went away, or shows another code.'))
}

/**
 * The person types a code that a device shows. Resolves with the linked device once it has signed.
 * @param code as it is shown: eight characters, with or without the hyphen
 * @throws SimulatorError phone_not_found, code_expired, code_wrong, too_many_devices, link_failed
 */
export async function typeCode(network: Network, number: string, code: string): Promise<Device> {
  const phone = network.phone(number)
  const connection = network.codeRequests.get(number)
  const request = connection?.codeRequest
  const registration = connection?.registration
  const expired = `No device shows a code for ${number} (any more). Ask it for a new one.`
  if (!connection?.waiting || !request || !registration || network.now() - request.at > CODE_LIFE_MS) {
    throw new SimulatorError('code_expired', expired)
  }
  checkDeviceLimit(network, number)
  const typed = code.replace(/[\s-]/g, '').toUpperCase()
  const own = curve.generateKeyPair()
  const theirs = await unwrapKey(typed, request.wrappedKey)
  const wrapped = await wrapKey(typed, own.pubKey.subarray(1))
  // The device may have gone meanwhile, or show another code.
  if (!connection.waiting || connection.codeRequest !== request) throw new SimulatorError('code_expired', expired)
  const sealed = await exchange(connection, request, phone.identity.pubKey.subarray(1), wrapped)
  const bundle = openKeyBundle(phone.identity, own, theirs, sealed)
  if (!bundle) {
    throw new SimulatorError('code_wrong', 'This is not the code that the device shows. Look again, and type it anew.')
  }
  checkBundle(connection, registration, phone.identity.pubKey.subarray(1), bundle)
  if (!connection.waiting) throw new SimulatorError('link_failed', 'The device was linked by its QR code meanwhile.')
  return linkDevice(connection, phone, bundle)
}

function takeHello(connection: Connection, hello: Stanza): Answer {
  const { network, registration } = connection
  const phone = network.phoneOf(hello.attrs.jid)
  if (!phone) return { error: '404', text: 'item-not-found' }
  const wrappedKey = bytesOf(hello, 'link_code_pairing_wrapped_companion_ephemeral_pub')
  const noiseKey = bytesOf(hello, 'companion_server_auth_key_pub')
  const named = bytesOf(hello, 'companion_platform_id')?.length && bytesOf(hello, 'companion_platform_display')?.length
  if (wrappedKey?.length !== WRAPPED_LENGTH || !registration || !noiseKey?.equals(registration.noiseKey) || !named) {
    connection.fault({ kind: 'bad-stanza', detail: `A request for a code that can't be used: ${describe(hello)}` })
    return { error: '400', text: 'bad-request' }
  }
  const unacknowledged = connection.codeRequest?.unacknowledged ?? new Set()
  withdrawCode(connection)
  const ref = Buffer.from(network.state.random.bytes(24).toString('base64'))
  const { number } = phone
  connection.codeRequest = { number, ref, wrappedKey, at: network.now(), unacknowledged, trial: undefined }
  network.codeRequests.set(number, connection)
  network.publish({ type: 'connection', connection: connection.id })
  return [stanza('link_code_companion_reg', { stage: 'companion_hello' }, [stanza('link_code_pairing_ref', {}, ref)])]
}

function takeFinish(connection: Connection, finish: Stanza): Answer {
  const { registration, codeRequest } = connection
  const sealed = bytesOf(finish, 'link_code_pairing_wrapped_key_bundle')
  const identity = bytesOf(finish, 'companion_identity_public')
  const ref = bytesOf(finish, 'link_code_pairing_ref')
  if (!codeRequest?.trial || !ref?.equals(codeRequest.ref)) return { error: '404', text: 'item-not-found' }
  if (!sealed || !registration || !identity?.equals(registration.identity)) {
    connection.fault({ kind: 'bad-stanza', detail: `Not the end of a linking by code: ${describe(finish)}` })
    return { error: '400', text: 'bad-request' }
  }
  codeRequest.trial.answer(sealed)
  return []
}

/** Sends the phone's key to the client; resolves with what the client answers. */
function exchange(
  connection: Connection,
  request: CodeRequest,
  phoneIdentity: Buffer,
  wrapped: Buffer,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  request.trial?.fail(new SimulatorError('link_failed', 'Another code was typed meanwhile.'))
  const trial = { answer: resolve, fail: reject }
  request.trial = trial
  const late = new SimulatorError('link_failed', 'The device did not answer in time.')
  const timer = setTimeout(() => reject(late), ANSWER_MS)
  const id = connection.network.stanzaId()
  request.unacknowledged.add(id)
  connection.send(
    stanza(
      'notification',
      { from: SERVER, type: 'link_code_companion_reg', id, t: seconds(connection.network.now()) },
      [
        stanza('link_code_companion_reg', { stage: 'primary_hello' }, [
          stanza('link_code_pairing_ref', {}, request.ref),
          stanza('primary_identity_pub', {}, phoneIdentity),
          stanza('link_code_pairing_wrapped_primary_ephemeral_pub', {}, wrapped),
        ]),
      ],
    ),
  )
  return promise.finally(() => {
    clearTimeout(timer)
    if (request.trial === trial) request.trial = undefined
  })
}

/** What only who knows the code could seal must agree with what the server was told. */
function checkBundle(connection: Connection, { identity }: Registration, phoneIdentity: Buffer, told: KeyBundle): void {
  if (told.identity.equals(identity) && told.phoneIdentity.equals(phoneIdentity)) return
  connection.fault({ kind: 'bad-signature', detail: 'The keys sealed under the code are not those of this linking' })
  throw new SimulatorError('link_failed', 'The device did not identify itself correctly.')
}
