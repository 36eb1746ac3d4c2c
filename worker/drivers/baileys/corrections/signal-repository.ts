/** Baileys' own Signal repository, which its index does not export: reached by a deep import. */
export { makeLibSignalRepository } from '@whiskeysockets/baileys/lib/Signal/libsignal.js'
