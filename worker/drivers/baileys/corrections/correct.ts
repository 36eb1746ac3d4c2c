/** Everything that the unmodified Baileys and libsignal need in this process, once. */
import { correctSenderKeys } from './group-cipher.ts'
import { passKeyObjects } from './key-objects.ts'
import { correctLibsignal } from './libsignal.ts'
import { takeOneShotHmacs } from './one-shot-hmac.ts'
import { quietConsole } from './quiet-console.ts'
import { trustRoot } from './root.ts'
import { checkSignatures } from './signatures.ts'

/** @param rootKey the simulator's, in place of WhatsApp's */
export function correctProcess(rootKey: Buffer<ArrayBuffer> | undefined): void {
  quietConsole()
  passKeyObjects()
  takeOneShotHmacs()
  checkSignatures()
  correctLibsignal()
  correctSenderKeys()
  if (rootKey) trustRoot(rootKey)
}
