import type { proto } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import type { SessionStore, UnitContent } from '../../store/session-store.ts'
import { AuthState } from './auth-state.ts'
import { decodeCredential } from './codec.ts'

const ACCOUNT: proto.IADVSignedDeviceIdentity = { details: Buffer.of(1) }

test('neither a code to type nor the number that it is for is stored; only who is linked is', async () => {
  const written: UnitContent[] = []
  const store = { write: async (content: UnitContent) => void written.push(content) } as unknown as SessionStore
  const auth = new AuthState(store, decodeCredential(undefined), 0)
  const stored = () => decodeCredential(written.at(-1)!.credential!.value)

  // As Baileys does it when a code is asked for.
  Object.assign(auth.creds, { pairingCode: 'ABCDEFGH', me: { id: '5511900000001@s.whatsapp.net', name: '~' } })
  await auth.save()
  expect([auth.me, auth.person]).toEqual([undefined, {}])
  expect(written.at(-1)!.credential!.value.toString()).not.toMatch(/ABCDEFGH|5511900000001/)
  expect(stored().noiseKey).toEqual(auth.creds.noiseKey)
  auth.forgetPairingCode()
  expect([auth.creds.pairingCode, auth.creds.me]).toEqual([undefined, undefined])

  const me = { id: '5511900000001:7@s.whatsapp.net', lid: '1:7@lid' }
  await auth.saveLinked({ account: ACCOUNT, me })
  expect(stored().me).toEqual(me)
  Object.assign(auth.creds, { account: ACCOUNT, me })
  auth.forgetPairingCode()
  expect(auth.person).toEqual({ pn: '5511900000001@s.whatsapp.net', lid: '1@lid' })
})
