// Who handles which stanza.
import type { Connection } from './connection.ts'
import { receiveMessage } from './message-in.ts'
import { confirmPairing } from './pairing.ts'
import { acknowledgesCode } from './pairing-code.ts'
import { isName, receiveChatState, receivePresence } from './presence.ts'
import { answerQuery } from './queries/answer.ts'
import { receiveAck, receiveReceipt } from './receipts.ts'
import { child, children, describe, type Stanza } from './stanza.ts'

export async function dispatch(connection: Connection, stanza: Stanza): Promise<void> {
  const problem = malformed(stanza)
  if (problem) return connection.fault({ kind: 'bad-stanza', detail: `${problem}: ${describe(stanza)}` })
  try {
    await handle(connection, stanza)
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    connection.fault({ kind: 'internal-error', detail: `${describe(stanza)}: ${reason}` })
  }
}

async function handle(connection: Connection, stanza: Stanza): Promise<void> {
  if (stanza.tag === 'iq') {
    if (stanza.attrs.type === 'get' || stanza.attrs.type === 'set') return answerQuery(connection, stanza)
    const signed = child(stanza, 'pair-device-sign')
    if (signed) confirmPairing(connection, signed)
    return
  }
  // The client's own bulletins need no answer.
  if (stanza.tag === 'ib') return
  const { device } = connection
  if (!device) {
    if (isName(stanza) || acknowledgesCode(connection, stanza)) return
    return connection.fault({ kind: 'before-login', detail: `Sent before login: ${describe(stanza)}` })
  }
  if (stanza.tag === 'message') return receiveMessage(connection, device, stanza)
  if (stanza.tag === 'receipt') return receiveReceipt(connection, device, stanza)
  if (stanza.tag === 'ack') return receiveAck(connection, device, stanza)
  if (stanza.tag === 'presence') return receivePresence(connection, device, stanza)
  if (stanza.tag === 'chatstate') return receiveChatState(connection, device, stanza)
  connection.fault({ kind: 'unknown-stanza', detail: `Not known: ${describe(stanza)}` })
}

/** What any stanza must have, in words; undefined when all is well. */
function malformed(stanza: Stanza): string | undefined {
  const { tag, attrs } = stanza
  const empty = emptyAttribute(stanza)
  if (empty) return empty
  if (['iq', 'message', 'receipt', 'ack'].includes(tag) && !attrs.id) return 'The id is missing'
  if (['message', 'receipt'].includes(tag) && !attrs.to) return 'The recipient (to) is missing'
  if (tag === 'iq' && !['get', 'set', 'result', 'error'].includes(attrs.type ?? '')) return 'The type is missing'
  return undefined
}

/** What a client writes when it lost a value on the way. */
function emptyAttribute(stanza: Stanza): string | undefined {
  for (const [name, value] of Object.entries(stanza.attrs)) {
    if (typeof value !== 'string' || /^(undefined|null|NaN|)$/.test(value)) {
      return `The attribute ${name} of <${stanza.tag}> holds "${value}"`
    }
  }
  for (const inner of children(stanza)) {
    const empty = emptyAttribute(inner)
    if (empty) return empty
  }
  return undefined
}
