/**
 * Corrects Baileys' sender keys (rc14) in two places, process-wide.
 *
 * encrypt: upstream skips every other key of our own, and keeps what it skipped, up to 2000 of them: the row that each
 * message to a group writes would grow to 445 kB. Here every key is used, one after the other.
 *
 * removeSenderMessageKey: the key of a message that was overtaken is kept for it, but what comes back from storage is no
 * Buffer, which the derivation of the key demands: the message could not be read.
 */
import { GroupCipher, SenderKeyMessage, SenderKeyState } from '@whiskeysockets/baileys/lib/Signal/Group/index.js'

/** What is private to upstream's class. */
interface CipherInside {
  senderKeyStore: ConstructorParameters<typeof GroupCipher>[0]
  senderKeyName: ConstructorParameters<typeof GroupCipher>[1]
  getCipherText(iv: Uint8Array, key: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
}

const upstreamRemove = SenderKeyState.prototype.removeSenderMessageKey

/** What upstream's methods look like; another text means that this correction must be looked at again. */
export const upstreamSenderKeys: string = [GroupCipher.prototype.encrypt, upstreamRemove].join('\n')

export function correctSenderKeys(): void {
  SenderKeyState.prototype.removeSenderMessageKey = function removeSenderMessageKey(iteration) {
    const kept = this.getStructure().senderMessageKeys.find((key) => key.iteration === iteration)
    if (kept) kept.seed = Buffer.from(kept.seed)
    return upstreamRemove.call(this, iteration)
  }

  const prototype = GroupCipher.prototype as { encrypt(this: unknown, plaintext: Uint8Array): Promise<Uint8Array> }
  prototype.encrypt = async function encrypt(plaintext) {
    const { senderKeyStore, senderKeyName } = this as CipherInside
    const record = await senderKeyStore.loadSenderKey(senderKeyName)
    const state = record.getSenderKeyState()
    if (!state) throw new Error('No session to encrypt message')
    const chain = state.getSenderChainKey()
    const key = chain.getSenderMessageKey()
    const ciphertext = await (this as CipherInside).getCipherText(key.getIv(), key.getCipherKey(), plaintext)
    const signingKey = state.getSigningKeyPrivate()
    const message = new SenderKeyMessage(state.getKeyId(), key.getIteration(), ciphertext, signingKey)
    state.setSenderChainKey(chain.getNext())
    await senderKeyStore.storeSenderKey(senderKeyName, record)
    return message.serialize()
  }
}
