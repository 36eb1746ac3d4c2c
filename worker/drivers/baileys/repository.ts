/**
 * A durable, race-free Signal repository for the unmodified Baileys, through its public option makeSignalRepository.
 *
 * In: the plain text goes into the journal in the same write as the ratchet step, and decryptMessage answers only when that
 * is durable; so no receipt leaves before. A ciphertext that comes again (the server marks it as offline) is answered from
 * the journal: its key is used up.
 * Out: encryptMessage and encryptGroupMessage answer only when the step is durable, so no stanza leaves before.
 *
 * Baileys runs a whole send in one transaction of its own and writes the sessions it read at its end, over what a decrypt
 * stored meanwhile. Therefore the repository has transactions of its own, which do not join that one; there is one set of
 * them an account, not a socket: handlers of a closed socket may still wait for their write when the next one delivers the
 * same message. Encrypt locks by phone number, decrypt by LID: every address is turned into its LID first.
 */
import { createHash } from 'node:crypto'
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import { addTransactionCapability, type BinaryNode, isPnUser, type SocketConfig } from '@whiskeysockets/baileys'
import { type AuthState, JOURNAL, type JournalEntry } from './auth-state.ts'
import { makeLibSignalRepository } from './corrections/signal-repository.ts'
import { decodeJournalBody, encodeJournalBody, keptAttributes } from './journal-body.ts'

type MakeRepository = SocketConfig['makeSignalRepository']

export interface JournalHooks {
  /** The plain row of an earlier delivery. */
  body(ciphertextHash: string): Promise<Buffer | undefined>
  /** The row is durable: its message may be stored. */
  written(entry: JournalEntry): void
}

/** Names a ciphertext; 128 bits are plenty for one account's messages. */
const hashOf = (ciphertext: Uint8Array): string =>
  createHash('sha256').update(ciphertext).digest('base64url').slice(0, 22)

export class JournaledRepository {
  readonly make: MakeRepository
  /** The stanza that a ciphertext came in, for as long as the ciphertext lives. */
  readonly #stanzas = new WeakMap<Uint8Array, BinaryNode>()

  constructor(auth: AuthState, hooks: JournalHooks, logger: SocketConfig['logger']) {
    // One try is enough: a write of the store waits until it is durable, and never rejects.
    const keys = addTransactionCapability(auth.keys, logger, { maxCommitRetries: 1, delayBetweenTriesMs: 1 })

    const redelivered = async (ciphertextHash: string): Promise<Buffer | undefined> => {
      await auth.journalWrite(ciphertextHash)
      const body = await hooks.body(ciphertextHash)
      return body && decodeJournalBody(body).plaintext
    }

    const journaled = async (
      ciphertext: Uint8Array,
      lock: string,
      decrypt: () => Promise<Uint8Array>,
    ): Promise<Uint8Array> => {
      const ciphertextHash = hashOf(ciphertext)
      const attributes = this.#stanzas.get(ciphertext)?.attrs ?? {}
      let entry: JournalEntry | undefined
      const plaintext = await keys.transaction(async () => {
        const earlier = attributes.offline === undefined ? undefined : await redelivered(ciphertextHash)
        if (earlier) return earlier
        const fresh = await decrypt()
        await failpoint('receive.decrypted')
        const body = encodeJournalBody({ stanza: keptAttributes(attributes), plaintext: Buffer.from(fresh) })
        entry = { ciphertextHash, body }
        await keys.set({ [JOURNAL]: { [ciphertextHash]: entry } } as object)
        return fresh
      }, lock)
      await failpoint('receive.journaled')
      if (entry) hooks.written(entry)
      return plaintext
    }

    this.make = ({ creds }, log, pnToLid) => {
      const inner = makeLibSignalRepository({ creds, keys }, log, pnToLid)
      const asLid = async (jid: string) => (isPnUser(jid) && (await inner.lidMapping.getLIDForPN(jid))) || jid
      return {
        ...inner,
        decryptMessage: async (message) => {
          const jid = await asLid(message.jid)
          return journaled(message.ciphertext, jid, () => inner.decryptMessage({ ...message, jid }))
        },
        decryptGroupMessage: (message) =>
          journaled(message.msg, message.group, () => inner.decryptGroupMessage(message)),
        encryptMessage: async (message) => {
          const encrypted = await inner.encryptMessage({ ...message, jid: await asLid(message.jid) })
          await failpoint('send.encrypted')
          return encrypted
        },
        encryptGroupMessage: async (message) => {
          const encrypted = await inner.encryptGroupMessage(message)
          await failpoint('send.encrypted')
          return encrypted
        },
        injectE2ESession: async (bundle) => inner.injectE2ESession({ ...bundle, jid: await asLid(bundle.jid) }),
      }
    }
  }

  /** Must see each message stanza before Baileys does. */
  note(stanza: BinaryNode): void {
    if (!Array.isArray(stanza.content)) return
    for (const { tag, content } of stanza.content) {
      if (tag === 'enc' && content instanceof Uint8Array) this.#stanzas.set(content, stanza)
    }
  }
}
