// What an account tells of itself: name, "about" and picture; and whom it has blocked. Who knows the account hears of a new
// picture; its own devices hear of a block. A new name stands in its next message.
import type { Device } from '../state/devices.ts'
import { lidJid, numberJid } from './jid.ts'
import type { Network } from './network.ts'
import { acquaintances, notify } from './notices.ts'
import { stanza } from './stanza.ts'

/** Bytes. Real ones are far smaller. */
export const MAXIMUM_PICTURE = 512 * 1024

/**
 * @param bytes undefined takes the picture away
 * @param by the device that did it, which needs not be told
 */
export function setPicture(network: Network, number: string, bytes: Buffer | undefined, by?: Device): void {
  const { database, profiles } = network.state
  const { lid } = network.phone(number)
  const jid = numberJid(number)
  database.change(() => {
    profiles.setPicture(number, bytes)
    const id = profiles.picture(number)?.id
    const change = id === undefined ? stanza('delete', { jid }) : stanza('set', { jid, id })
    for (const device of acquaintances(network, number)) {
      if (device.number === number && device.id === by?.id) continue
      notify(network, device, number, { from: jid, type: 'picture', lid: lidJid(lid) }, [change])
    }
    network.publish({ type: 'phone', number })
  })
}

/**
 * The address of a picture; undefined when there is none. It holds for this picture, not for the next.
 * @param owner the number of a phone, or the id of a group
 */
export function pictureUrl(network: Network, owner: string): { id: string; url: string } | undefined {
  const id = network.state.profiles.picture(owner)?.id
  // A stanza would take a text with an @ for an address of WhatsApp.
  return id === undefined ? undefined : { id, url: `${network.url}/pictures/${owner.replace('@g.us', '')}/${id}` }
}

export function setAbout(network: Network, number: string, text: string): void {
  network.state.profiles.setAbout(network.phone(number).number, text)
  network.publish({ type: 'phone', number })
}

export function rename(network: Network, number: string, name: string): void {
  network.state.phones.rename(network.phone(number).number, name)
  network.publish({ type: 'phone', number })
}

/**
 * @param by the device that did it, which needs not be told
 * @throws SimulatorError phone_not_found
 */
export function setBlocked(network: Network, number: string, contact: string, blocked: boolean, by?: Device): void {
  const { blocks, database, devices } = network.state
  const { lid } = network.phone(contact)
  network.phone(number)
  database.change(() => {
    if (!blocks.set(number, contact, blocked)) return
    const item = stanza('item', { action: blocked ? 'block' : 'unblock', jid: lidJid(lid), pn_jid: numberJid(contact) })
    for (const device of devices.of(number)) {
      if (device.id === by?.id) continue
      notify(network, device, number, { from: numberJid(number), type: 'account_sync' }, [
        stanza('blocklist', {}, [item]),
      ])
    }
  })
}
