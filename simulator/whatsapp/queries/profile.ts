// Queries about profiles: pictures, the own "about", the block list. Everybody may see everything.
import { SimulatorError } from '../../errors.ts'
import type { Device } from '../../state/devices.ts'
import { setGroupPicture } from '../group-settings.ts'
import { lidJid, numberJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { MAXIMUM_PICTURE, pictureUrl, setAbout, setBlocked, setPicture } from '../profile.ts'
import { bytesOf, child, type Stanza, stanza } from '../stanza.ts'
import type { Answer } from './answer.ts'

const BAD_REQUEST: Answer = { error: '400', text: 'bad-request' }
const FORBIDDEN: Answer = { error: '403', text: 'forbidden' }
const NOT_FOUND: Answer = { error: '404', text: 'item-not-found' }
const NOT_ALLOWED: Answer = { error: '405', text: 'not-allowed' }
const TOO_LARGE: Answer = { error: '413', text: 'request-entity-too-large' }

/** Whose picture a query is about: `target`, which may be a group of the account's, or the account itself. */
export function answerPicture(network: Network, device: Device, query: Stanza): Answer {
  const { target, type } = query.attrs
  const asked = child(query, 'picture')
  const group = network.state.groups.find(target ?? '')
  if (!group && target?.endsWith('@g.us')) return NOT_FOUND
  if (group && type === 'get') {
    const found = group.members.includes(device.number) && pictureUrl(network, group.id)
    return found ? [stanza('picture', { ...found, type: asked?.attrs.type ?? 'image' })] : NOT_FOUND
  }
  if (group) return answerGroupPicture(network, device, group.id, bytesOf(query, 'picture'))
  const owner = target === undefined ? network.phone(device.number) : network.phoneOf(target)
  if (type === 'get') {
    const found = owner && pictureUrl(network, owner.number)
    return found ? [stanza('picture', { ...found, type: asked?.attrs.type ?? 'image' })] : NOT_FOUND
  }
  if (owner?.number !== device.number) return NOT_ALLOWED
  const bytes = bytesOf(query, 'picture')
  if (bytes && bytes.length > MAXIMUM_PICTURE) return TOO_LARGE
  setPicture(network, device.number, bytes, device)
  const id = network.state.profiles.picture(device.number)?.id
  return id === undefined ? [] : [stanza('picture', { id })]
}

function answerGroupPicture(network: Network, device: Device, id: string, bytes: Buffer | undefined): Answer {
  if (bytes && bytes.length > MAXIMUM_PICTURE) return TOO_LARGE
  try {
    setGroupPicture(network, id, { number: device.number, device: device.id }, bytes)
  } catch (error) {
    if (error instanceof SimulatorError) return FORBIDDEN
    throw error
  }
  const picture = network.state.profiles.picture(id)
  return picture ? [stanza('picture', { id: picture.id })] : []
}

/** The account tells something else of itself. */
export function answerAbout(network: Network, device: Device, query: Stanza): Answer {
  setAbout(network, device.number, bytesOf(query, 'status')?.toString() ?? '')
  return []
}

export function answerBlocklist(network: Network, device: Device, query: Stanza): Answer {
  if (query.attrs.type === 'get') {
    const blocked = network.state.blocks.of(device.number).map((number) => {
      return stanza('item', { jid: lidJid(network.phone(number).lid), pn_jid: numberJid(number) })
    })
    return [stanza('list', {}, blocked)]
  }
  const { action, jid } = child(query, 'item')?.attrs ?? {}
  const contact = network.phoneOf(jid)
  if (!contact || (action !== 'block' && action !== 'unblock')) return BAD_REQUEST
  setBlocked(network, device.number, contact.number, action === 'block', device)
  return [stanza('list', { matched: 'false' })]
}
