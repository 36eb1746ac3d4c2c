/**
 * Makes Baileys trust the simulator's root instead of WhatsApp's, process-wide. (By itself, Baileys 7.0.0-rc14 does not really
 * check the signatures: signatures.ts has it do so.)
 */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys'

export function trustRoot(publicKey: Buffer<ArrayBuffer>): void {
  WA_CERT_DETAILS.PUBLIC_KEY = publicKey
  WA_CERT_DETAILS.SERIAL = 0
}

/** The same for its media host, beside those that are trusted already. @param certificate PEM */
export function trustCertificate(certificate: string): void {
  const trusted = getCACertificates('default')
  if (!trusted.includes(certificate)) setDefaultCACertificates([...trusted, certificate])
}
