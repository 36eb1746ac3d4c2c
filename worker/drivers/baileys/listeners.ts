/** Baileys' own listeners for a kind of stanza, taken off its socket so that we decide when they hear of one. */
import type { EventEmitter } from 'node:events'
import type { BinaryNode } from '@whiskeysockets/baileys'

type Listener = (node: BinaryNode) => unknown

/** Takes them off; answers a function that calls them, in their order, and resolves when all are done. */
export function takeListeners(ws: EventEmitter, event: string): (node: BinaryNode) => Promise<void> {
  const listeners = ws.listeners(event) as Listener[]
  ws.removeAllListeners(event)
  return async (node) => {
    await Promise.all(listeners.map((listener) => listener(node)))
  }
}
