// "usync" queries: who is on WhatsApp, under which LID, with which devices.
import type { Phone } from '../../state/phones.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { child, children, content, type Stanza, seconds, stanza } from '../stanza.ts'

export function answerUsync(network: Network, usync: Stanza): Stanza[] {
  const asked = children(child(usync, 'query')).map((protocol) => protocol.tag)
  const users = children(child(usync, 'list'), 'user').map((user) => answerUser(network, user, asked))
  const { sid = '', mode = '', context = '' } = usync.attrs
  const found = [
    stanza(
      'result',
      {},
      asked.map((tag) => stanza(tag)),
    ),
    stanza('list', {}, users),
  ]
  return [stanza('usync', { sid, index: '0', last: 'true', mode, context }, found)]
}

function answerUser(network: Network, user: Stanza, asked: string[]): Stanza {
  // Asked for by address, or by a phone number as it stands in an address book.
  const written = content(child(user, 'contact'))?.toString().replace(/\D/g, '')
  const phone = written ? network.state.phones.find(written) : network.phoneOf(user.attrs.jid)
  const answers: Stanza[] = []
  if (asked.includes('contact')) answers.push(stanza('contact', { type: phone ? 'in' : 'out' }))
  if (phone && asked.includes('lid')) answers.push(stanza('lid', { val: lidJid(phone.lid) }))
  if (phone && asked.includes('devices')) answers.push(deviceList(network, phone))
  if (phone && asked.includes('status')) answers.push(aboutStanza(network, phone))
  return stanza('user', { jid: user.attrs.jid ?? numberJid(written ?? '') }, answers)
}

/** Empty when the account tells nothing. */
function aboutStanza(network: Network, { number }: Phone): Stanza {
  const about = network.state.profiles.about(number)
  return about ? stanza('status', { t: seconds(about.setAt) }, Buffer.from(about.text)) : stanza('status')
}

/** Device 0 is the phone. Baileys ignores a linked device without a key index. */
function deviceList(network: Network, phone: Phone): Stanza {
  const linked = network.state.devices.of(phone.number).map(({ id }) => {
    return stanza('device', { id: String(id), 'key-index': String(id) })
  })
  const list = stanza('device-list', {}, [stanza('device', { id: '0' }), ...linked])
  return stanza('devices', {}, [list, stanza('key-index-list', { ts: seconds(network.now()) })])
}
