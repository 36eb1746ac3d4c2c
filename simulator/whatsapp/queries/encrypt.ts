// "encrypt" queries: a device uploads its keys, and fetches those of others to start Signal sessions with them.
import { encodeBigEndian } from '@whiskeysockets/baileys'
import type { Device, SignedPreKey } from '../../state/devices.ts'
import { bundleStanzas, takeDeviceBundle, takePhoneBundle } from '../bundles.ts'
import type { Connection } from '../connection.ts'
import { parseJid } from '../jid.ts'
import type { Network } from '../network.ts'
import { prefixed, signedBy } from '../signal/libsignal.ts'
import { bytesOf, child, children, type Stanza, seconds, stanza, unsigned } from '../stanza.ts'

/** Undefined when the query isn't known. */
export function answerEncrypt(connection: Connection, device: Device, query: Stanza): Stanza[] | undefined {
  const { network } = connection
  const key = child(query, 'key')
  const isGet = query.attrs.type === 'get'
  if (isGet && child(query, 'count')) {
    return [stanza('count', { value: String(network.state.devices.preKeys(device.number, device.id)) })]
  }
  if (isGet && child(query, 'digest')) {
    // Without it, Baileys takes its keys for lost and uploads new ones.
    const registration = stanza('registration', {}, encodeBigEndian(device.registrationId))
    const type = stanza('type', {}, Buffer.from([5]))
    return [stanza('digest', {}, [registration, type, stanza('identity', {}, device.identity)])]
  }
  if (isGet && key) {
    const users = network.state.database.change(() => children(key, 'user').map((user) => bundleOf(network, user)))
    return [stanza('list', {}, users)]
  }
  if (!isGet && child(query, 'rotate')) return takeSignedPreKey(connection, device, child(query, 'rotate'))
  if (!isGet && child(query, 'list')) return takeUpload(connection, device, query)
  return undefined
}

function bundleOf(network: Network, user: Stanza): Stanza {
  const jid = user.attrs.jid ?? ''
  const phone = network.phoneOf(jid)
  const id = parseJid(jid)?.device ?? 0
  const device = phone && id > 0 ? network.state.devices.find(phone.number, id) : undefined
  if (!phone || (id > 0 && (!device || device.removedAt !== undefined))) {
    return stanza('user', { jid }, [stanza('error', { code: '404', text: 'item-not-found' })])
  }
  const bundle = device ? takeDeviceBundle(network, device) : takePhoneBundle(network, phone)
  return stanza('user', { jid, t: seconds(network.now()) }, bundleStanzas(bundle))
}

/** One-time keys, the signed one, and the registration id they belong to. */
function takeUpload(connection: Connection, device: Device, query: Stanza): Stanza[] {
  const { devices, database } = connection.network.state
  database.change(() => {
    const registration = bytesOf(query, 'registration')
    if (registration) device.registrationId = unsigned(registration)
    takeSignedPreKey(connection, device, query)
    for (const key of children(child(query, 'list'), 'key')) {
      const id = unsigned(bytesOf(key, 'id') ?? Buffer.alloc(1))
      const upload = devices.uploadPreKey(device.number, device.id, {
        id,
        public: bytesOf(key, 'value') ?? Buffer.alloc(0),
      })
      if (upload === 'stored') continue
      connection.fault({ kind: 'pre-key-reuse', detail: `The device offers one-time key ${id} again (${upload})` })
    }
  })
  return []
}

function takeSignedPreKey(connection: Connection, device: Device, holder: Stanza | undefined): Stanza[] {
  const skey = child(holder, 'skey')
  const signed: SignedPreKey = {
    id: unsigned(bytesOf(skey, 'id') ?? Buffer.alloc(1)),
    public: bytesOf(skey, 'value') ?? Buffer.alloc(0),
    signature: bytesOf(skey, 'signature') ?? Buffer.alloc(0),
  }
  const known = device.signedPreKey
  const isKnown = known.public.equals(signed.public) && known.signature.equals(signed.signature)
  if (!isKnown && !signedBy(device.identity, prefixed(signed.public), signed.signature)) {
    connection.fault({ kind: 'bad-signature', detail: 'The signed pre-key is not signed by the device' })
  }
  device.signedPreKey = signed
  connection.network.state.devices.setKeys(device.number, device.id, device.registrationId, signed)
  return []
}
