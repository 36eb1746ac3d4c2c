// App state, as a phone changes it and as devices fetch it. There are no snapshots: a device gets all patches.
import { encodeSyncdPatch, proto, type WAPatchCreate } from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import type { Device } from '../state/devices.ts'
import { numberJid } from './jid.ts'
import type { Network } from './network.ts'
import { announceAppState } from './notices.ts'
import { children, type Stanza, stanza } from './stanza.ts'

/** Where muted chats are. */
const MUTES = 'regular_high'
const MUTE_VERSION = 2

/**
 * The person mutes a chat on the phone: the linked devices are told that there is something to fetch.
 * Answers the collection's version.
 * @throws SimulatorError app_state_key_missing when the phone has shared no key yet
 */
export function muteChat(network: Network, number: string, chat: string): Promise<number> {
  const { appState, database, devices } = network.state
  return network.locks.exclusive([number], async () => {
    const key = appState.key(network.phone(number).number)
    if (!key) {
      throw new SimulatorError('app_state_key_missing', `${number} has shared no app-state key yet. Share one first.`)
    }
    const change: WAPatchCreate = {
      type: MUTES,
      index: ['mute', numberJid(chat)],
      syncAction: { timestamp: Date.now(), muteAction: { muted: true, muteEndTimestamp: -1 } },
      apiVersion: MUTE_VERSION,
      operation: proto.SyncdMutation.SyncdOperation.SET,
    }
    const { patch, state: sum } = await encodeSyncdPatch(change, key.id, appState.sum(number, MUTES), async () => ({
      keyData: key.data,
    }))
    const bytes = proto.SyncdPatch.encode({ ...patch, version: { version: sum.version } }).finish()
    database.change(() => {
      appState.addPatch(number, MUTES, bytes, sum)
      for (const device of devices.of(number)) announceAppState(network, device, MUTES, sum.version)
    })
    return sum.version
  })
}

/** What comes after the versions that a device has. */
export function answerAppState(network: Network, device: Device, asked: Stanza): Stanza[] {
  const { appState } = network.state
  const collections = children(asked, 'collection').map(({ attrs: { name = '', version = '0' } }) => {
    appState.setKnown(device.number, device.id, name, Number(version))
    const patches = appState.patchesAfter(device.number, name, Number(version)).map((each) => stanza('patch', {}, each))
    return stanza('collection', { name, version }, patches.length ? [stanza('patches', {}, patches)] : undefined)
  })
  return [stanza('sync', {}, collections)]
}
