/**
 * Keeps what Baileys 7.0.0-rc14 wants to remember of contacts' privacy tokens ("trusted contact tokens").
 *
 * After a message it gives the contact a token, once in seven days, and writes down that it did. That write begins inside the
 * send's transaction and ends when the transaction is over: it goes into a list that nobody commits any more. So nothing was
 * remembered, and each message was followed by a query to WhatsApp for a token. Here tokens pass by the transactions.
 */
import type { SignalDataSet, SignalKeyStore, WASocket } from '@whiskeysockets/baileys'

const TOKENS = 'tctoken'

/** @param keys the store behind the socket's transactions */
export function keepContactTokens({ authState }: Pick<WASocket, 'authState'>, keys: SignalKeyStore): void {
  const transactional = { ...authState.keys }
  authState.keys.get = (type, ids) => (type === TOKENS ? keys.get(type, ids) : transactional.get(type, ids))
  authState.keys.set = async ({ [TOKENS]: tokens, ...others }: SignalDataSet) => {
    if (tokens) await keys.set({ [TOKENS]: tokens })
    if (Object.keys(others).length > 0) await transactional.set(others)
  }
}
