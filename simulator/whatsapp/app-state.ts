// App state, as a phone and its devices change it and as devices fetch it. There are no snapshots: a device gets all patches.
// Source: Baileys' appPatch and resyncAppState.
import {
  type ChatMutation,
  decodeSyncdPatch,
  encodeSyncdPatch,
  type LTHashState,
  proto,
  type WAPatchCreate,
} from '@whiskeysockets/baileys'
import { SimulatorError } from '../errors.ts'
import { COLLECTIONS, type Collection } from '../state/app-state.ts'
import type { Device } from '../state/devices.ts'
import type { Connection } from './connection.ts'
import { numberJid } from './jid.ts'
import type { Network } from './network.ts'
import { announceAppState } from './notices.ts'
import { rename } from './profile.ts'
import { bytesOf, children, type Stanza, stanza } from './stanza.ts'

const { SET, REMOVE } = proto.SyncdMutation.SyncdOperation
/** Where muted chats are. */
const MUTES = 'regular_high'
const MUTE_VERSION = 2

/**
 * The person mutes a chat on the phone: the linked devices are told that there is something to fetch.
 * Answers the collection's version.
 * @throws SimulatorError app_state_key_missing when the phone has shared no key yet
 */
export function muteChat(network: Network, number: string, chat: string): Promise<number> {
  const { appState, database } = network.state
  return network.locks.exclusive([number], async () => {
    const key = appState.key(network.phone(number).number)
    if (!key) {
      throw new SimulatorError('app_state_key_missing', `${number} has shared no app-state key yet. Share one first.`)
    }
    const index = ['mute', numberJid(chat)]
    const syncAction = { timestamp: network.now(), muteAction: { muted: true, muteEndTimestamp: -1 } }
    const change: WAPatchCreate = { type: MUTES, index, syncAction, apiVersion: MUTE_VERSION, operation: SET }
    const { patch, state: sum } = await encodeSyncdPatch(change, key.id, appState.sum(number, MUTES), async () => ({
      keyData: key.data,
    }))
    database.change(() => {
      applyMutation(network, number, MUTES, { name: index, value: syncAction })
      addPatch(network, number, MUTES, patch, sum)
    })
    return sum.version
  })
}

/** A device fetches what comes after the versions that it has, or has changed something itself. */
export async function answerAppState(connection: Connection, device: Device, asked: Stanza): Promise<Stanza[]> {
  const collections: Stanza[] = []
  for (const collection of children(asked, 'collection')) {
    const patch = bytesOf(collection, 'patch')
    collections.push(
      patch
        ? await takePatch(connection, device, collection, proto.SyncdPatch.decode(patch))
        : patchesFor(connection.network, device, collection),
    )
  }
  return [stanza('sync', {}, collections)]
}

function patchesFor(network: Network, device: Device, { attrs: { name = '', version = '0' } }: Stanza): Stanza {
  const { appState } = network.state
  appState.setKnown(device.number, device.id, name, Number(version))
  const patches = appState.patchesAfter(device.number, name, Number(version)).map((each) => stanza('patch', {}, each))
  return stanza('collection', { name, version }, patches.length ? [stanza('patches', {}, patches)] : undefined)
}

/** The phone reads the change, and the account's other devices are told. One that is behind must fetch first: 409. */
async function takePatch(
  connection: Connection,
  device: Device,
  { attrs: { name, version = '0' } }: Stanza,
  patch: proto.ISyncdPatch,
): Promise<Stanza> {
  const { network } = connection
  const { appState, database } = network.state
  const { number } = device
  const collection = COLLECTIONS.find((each) => each === name)
  return network.locks.exclusive([number], async () => {
    const before = collection && appState.sum(number, collection)
    if (!before || before.version !== Number(version)) return refusal(name ?? '', before ? '409' : '400')
    const numbered = { ...patch, version: { version: before.version + 1 } }
    const read = await readPatch(network, number, collection, numbered, before)
    if ('problem' in read) {
      const detail = `The phone can't read a change of ${collection}: ${read.problem}`
      connection.fault({ kind: 'bad-stanza', detail })
      return refusal(collection, '400')
    }
    database.change(() => {
      for (const mutation of read.mutations) applyMutation(network, number, collection, mutation)
      addPatch(network, number, collection, numbered, read.sum, device)
    })
    return stanza('collection', { name: collection, version: String(read.sum.version) })
  })
}

interface Mutation {
  name: string[]
  /** Undefined where the setting is taken away. */
  value: proto.ISyncActionValue | undefined
}

/** Opens a change with the phone's keys, and adds it up. */
async function readPatch(
  { state: { appState } }: Network,
  number: string,
  collection: Collection,
  patch: proto.ISyncdPatch & { version: { version: number } },
  before: LTHashState,
): Promise<{ mutations: Mutation[]; sum: LTHashState } | { problem: string }> {
  const keyOf = async (id: string) => {
    const key = appState.findKey(number, id)
    return key && { keyData: key.data }
  }
  const opened: ChatMutation[] = []
  try {
    const sum = await decodeSyncdPatch(patch, collection, before, keyOf, (each) => opened.push(each), true)
    const operations = (patch.mutations ?? []).map(({ operation }) => operation)
    if (opened.length !== operations.length) return { problem: 'a part of it does not open' }
    const mutations = opened.map(({ index, syncAction }, position) => {
      return { name: index, value: operations[position] === REMOVE ? undefined : (syncAction.value ?? {}) }
    })
    return { mutations, sum: { ...sum, version: patch.version.version } }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** To be called in a change. */
function applyMutation(network: Network, number: string, collection: Collection, { name, value }: Mutation): void {
  const { appState } = network.state
  if (!value) {
    appState.unset(number, collection, name)
    return
  }
  appState.set(number, { collection, name, value: proto.SyncActionValue.fromObject(value).toJSON() })
  if (value.pushNameSetting?.name) rename(network, number, value.pushNameSetting.name)
}

/** Stores the patch and tells all devices, but who made it. To be called in a change. */
function addPatch(
  network: Network,
  number: string,
  collection: Collection,
  patch: proto.ISyncdPatch,
  sum: LTHashState,
  by?: Device,
): void {
  const { appState, devices } = network.state
  const bytes = proto.SyncdPatch.encode({ ...patch, version: { version: sum.version } }).finish()
  appState.addPatch(number, collection, bytes, sum)
  for (const device of devices.of(number)) {
    if (device.id !== by?.id) announceAppState(network, device, collection, sum.version)
  }
}

function refusal(name: string, code: string): Stanza {
  return stanza('collection', { name, type: 'error' }, [stanza('error', { code })])
}
