// Queries (<iq type=get|set>): every one that Baileys makes gets an answer. An unanswered one would hold Baileys up for its
// query time-out and then let it go on as if nothing was wrong.
import type { Device } from '../../state/devices.ts'
import { answerAppState } from '../app-state.ts'
import type { Connection } from '../connection.ts'
import { SERVER } from '../jid.ts'
import { goActive } from '../login.ts'
import { answerCodeRegistration } from '../pairing-code.ts'
import { removeDevice } from '../removal.ts'
import { children, describe, type Stanza, stanza } from '../stanza.ts'
import { answerEncrypt } from './encrypt.ts'
import {
  answerCreate,
  answerDescription,
  answerGroup,
  answerInvite,
  answerLeave,
  answerMembers,
  answerParticipating,
  answerSetting,
  answerSubject,
} from './groups.ts'
import { answerAbout, answerBlocklist, answerPicture } from './profile.ts'
import { answerUsync } from './usync.ts'

/** The content of a result, or what went wrong. */
export type Answer = Stanza[] | { error: string; text: string }

const NOT_IMPLEMENTED: Answer = { error: '501', text: 'feature-not-implemented' }
const NOTHING: Answer = []

/** What every account of the simulator has: everybody may see everything. */
const PRIVACY = ['readreceipts', 'last', 'status', 'profile', 'online', 'groupadd', 'calladd']

export async function answerQuery(connection: Connection, query: Stanza): Promise<void> {
  const { device } = connection
  // A client that waits to be linked sends keep-alives and may ask for a code; all else is for devices that are logged in.
  const early = query.attrs.xmlns === 'w:p' ? NOTHING : device ? undefined : answerCodeRegistration(connection, query)
  if (early) {
    reply(connection, query, early)
    return
  }
  if (!device) {
    connection.fault({ kind: 'before-login', detail: `Sent before login: ${describe(query)}` })
    reply(connection, query, { error: '401', text: 'not-authorized' })
    return
  }
  const answer = await answerOf(connection, device, query)
  if (answer === NOT_IMPLEMENTED) connection.fault({ kind: 'unknown-stanza', detail: `Not known: ${describe(query)}` })
  reply(connection, query, answer)
  after(connection, device, query)
}

function answerOf(connection: Connection, device: Device, query: Stanza): Answer | Promise<Answer> {
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
      return answerAppState(connection, device, asked!)
    case 'w:g2 participating':
      return answerParticipating(connection.network, device)
    case 'w:g2 query':
      return answerGroup(connection.network, device, query.attrs.to)
    case 'w:g2 create':
      return answerCreate(connection.network, device, asked!)
    case 'w:g2 add':
    case 'w:g2 remove':
    case 'w:g2 promote':
    case 'w:g2 demote':
      return answerMembers(connection.network, device, query.attrs.to, asked!)
    case 'w:g2 subject':
      return answerSubject(connection.network, device, query.attrs.to, asked!)
    case 'w:g2 description':
      return answerDescription(connection.network, device, query.attrs.to, asked!)
    case 'w:g2 invite':
      return answerInvite(connection.network, device, query, asked!)
    case 'w:g2 leave':
      return answerLeave(connection.network, device, asked!)
    case 'w:m media_conn':
      return [connection.network.media.invite(device)]
    case 'status status':
      return answerAbout(connection.network, device, query)
    // The simulated people have no shops.
    case 'w:biz business_profile':
      return [stanza('business_profile')]
  }
  if (query.attrs.xmlns === 'encrypt') return answerEncrypt(connection, device, query) ?? NOT_IMPLEMENTED
  // These may hold nothing at all.
  if (query.attrs.xmlns === 'w:profile:picture') return answerPicture(connection.network, device, query)
  if (query.attrs.xmlns === 'blocklist') return answerBlocklist(connection.network, device, query)
  const setting = query.attrs.xmlns === 'w:g2' && answerSetting(connection.network, device, query.attrs.to, asked)
  return setting || NOT_IMPLEMENTED
}

/** What follows an answer. */
function after(connection: Connection, device: Device, query: Stanza): void {
  const [asked] = children(query)
  if (query.attrs.xmlns === 'passive' && asked?.tag === 'active') goActive(connection)
  if (query.attrs.xmlns === 'md' && asked?.tag === 'remove-companion-device') {
    removeDevice(connection.network, device, 'logged out by the device')
  }
}

/** @param code such as 500 */
export function refuseQuery(connection: Connection, query: Stanza, code: string): void {
  reply(connection, query, { error: code, text: 'refused on request' })
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
