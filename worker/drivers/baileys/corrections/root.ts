/**
 * Makes Baileys trust the simulator's root instead of WhatsApp's, process-wide. (By itself, Baileys 7.0.0-rc14 does not really
 * check the signatures: signatures.ts has it do so.)
 */
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys'

export function trustRoot(publicKey: Buffer<ArrayBuffer>): void {
  WA_CERT_DETAILS.PUBLIC_KEY = publicKey
  WA_CERT_DETAILS.SERIAL = 0
}
