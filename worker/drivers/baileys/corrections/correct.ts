/** Everything that the unmodified Baileys and libsignal need in this process, once. */
import { correctSenderKeys } from './group-cipher.ts'
import { passKeyObjects } from './key-objects.ts'
import { correctLibsignal } from './libsignal.ts'
import { takeOneShotHmacs } from './one-shot-hmac.ts'
import { quietConsole } from './quiet-console.ts'
import { trustCertificate, trustRoot } from './root.ts'
import { checkSignatures } from './signatures.ts'

interface Simulator {
  /** In place of WhatsApp's. */
  rootKey?: Buffer<ArrayBuffer>
  /** PEM: trusted beside the usual ones. */
  certificate?: string
}

/** @param simulator when it is in WhatsApp's place */
export function correctProcess({ rootKey, certificate }: Simulator): void {
  quietConsole()
  passKeyObjects()
  takeOneShotHmacs()
  checkSignatures()
  correctLibsignal()
  correctSenderKeys()
  if (rootKey) trustRoot(rootKey)
  if (certificate) trustCertificate(certificate)
}
