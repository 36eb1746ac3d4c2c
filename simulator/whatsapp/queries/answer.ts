// Queries (<iq type=get|set>): every one that Baileys makes gets an answer. An unanswered one would hold Baileys up for its
// query time-out and then let it go on as if nothing was wrong.
import type { Device } from '../../state/devices.ts'
import { answerAppState } from '../app-state.ts'
import type { Connection } from '../connection.ts'
import { SERVER } from '../jid.ts'
import { goActive } from '../login.ts'
import { removeDevice } from '../removal.ts'
import { children, describe, type Stanza, stanza } from '../stanza.ts'
import { answerEncrypt } from './encrypt.ts'
import { answerGroup, answerParticipating } from './groups.ts'
import { answerUsync } from './usync.ts'

/** The content of a result, or what went wrong. */
export type Answer = Stanza[] | { error: string; text: string }

const NOT_FOUND: Answer = { error: '404', text: 'item-not-found' }
const NOT_IMPLEMENTED: Answer = { error: '501', text: 'feature-not-implemented' }
const NOTHING: Answer = []

/** What every account of the simulator has: everybody may see everything. */
const PRIVACY = ['readreceipts', 'last', 'status', 'profile', 'online', 'groupadd', 'calladd']

export function answerQuery(connection: Connection, query: Stanza): void {
  const { device } = connection
  // A client that waits for its QR to be scanned sends keep-alives; everything else is for devices that are logged in.
  if (query.attrs.xmlns === 'w:p') {
    reply(connection, query, NOTHING)
    return
  }
  if (!device) {
    connection.fault({ kind: 'before-login', detail: `Sent before login: ${describe(query)}` })
    reply(connection, query, { error: '401', text: 'not-authorized' })
    return
  }
  const answer = answerOf(connection, device, query)
  if (answer === NOT_IMPLEMENTED) connection.fault({ kind: 'unknown-stanza', detail: `Not known: ${describe(query)}` })
  reply(connection, query, answer)
  after(connection, device, query)
}

function answerOf(connection: Connection, device: Device, query: Stanza): Answer {
  const [asked] = children(query)
  switch (`${query.attrs.xmlns} ${asked?.tag}`) {
    case 'passive active':
    case 'passive passive':
    case 'urn:xmpp:whatsapp:dirty clean':
    case 'md remove-companion-device':
      return NOTHING
    case 'usync usync':
      return answerUsync(connection.network, asked!)
    case 'abt props':
      return [stanza('props', { protocol: '1', ab_key: 'simulator', hash: '1', refresh: '86400', refresh_id: '1' })]
    case 'privacy privacy':
      return [
        stanza(
          'privacy',
          {},
          PRIVACY.map((name) => stanza('category', { name, value: 'all' })),
        ),
      ]
    case 'privacy tokens':
      return [stanza('tokens', {}, [])]
    case 'w:sync:app:state sync':
      return answerAppState(connection.network, device, asked!)
    case 'w:g2 participating':
      return answerParticipating(connection.network, device)
    case 'w:g2 query':
      return answerGroup(connection.network, device, query.attrs.to)
    case 'w:profile:picture picture':
      return NOT_FOUND
  }
  if (query.attrs.xmlns === 'encrypt') return answerEncrypt(connection, device, query) ?? NOT_IMPLEMENTED
  if (query.attrs.xmlns === 'blocklist' && query.attrs.type === 'get') return [stanza('list', {}, [])]
  return NOT_IMPLEMENTED
}

/** What follows an answer. */
function after(connection: Connection, device: Device, query: Stanza): void {
  const [asked] = children(query)
  if (query.attrs.xmlns === 'passive' && asked?.tag === 'active') goActive(connection)
  if (query.attrs.xmlns === 'md' && asked?.tag === 'remove-companion-device') {
    removeDevice(connection.network, device, 'logged out by the device')
  }
}

function reply(connection: Connection, query: Stanza, answer: Answer): void {
  const attrs = { from: query.attrs.to ?? SERVER, id: query.attrs.id! }
  if (Array.isArray(answer)) {
    connection.send(stanza('iq', { ...attrs, type: 'result' }, answer.length ? answer : undefined))
  } else {
    const error = stanza('error', { code: answer.error, text: answer.text })
    connection.send(stanza('iq', { ...attrs, type: 'error' }, [error]))
  }
}
