/** One connection to WhatsApp: an unmodified Baileys socket with our gates around it. */
import { failpoint } from '@berth/core/failpoint/failpoint.ts'
import type { Logger } from '@berth/core/telemetry/log.ts'
import makeWASocket, {
  type BinaryNode,
  type CacheStore,
  type Contact,
  isJidGroup,
  type SocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys'
import type { DriverHost } from '../driver.ts'
import type { AuthState } from './auth-state.ts'
import { keepContactTokens } from './corrections/contact-tokens.ts'
import { forgetOtherList } from './device-lists.ts'
import { factsOfChats, factsOfContacts, readElsewhere } from './facts.ts'
import { takeListeners } from './listeners.ts'
import { quietLogger } from './logger.ts'
import type { Notices } from './notices.ts'
import { storeBeforeAnswering } from './pairing.ts'
import { findPerson } from './people.ts'
import { holdReceipts, statusesOfReceipt, statusOfAck } from './receipts.ts'
import type { ReceivePipeline } from './receive-pipeline.ts'
import type { JournaledRepository } from './repository.ts'
import { giveKeyAgain, lookUpGroup, writtenFor } from './send.ts'

/** Baileys ends the connection when it heard nothing for this long and 5 s more. */
const KEEP_ALIVE_MS = 15_000
const QUERY_TIMEOUT_MS = 20_000
const SHARED_CACHE_ENTRIES = 10_000

/** A plain bounded map, shared by all sessions: Baileys' own caches cost 8 kB a socket. Keys are message ids, unique enough. */
function boundedCache(): CacheStore {
  const entries = new Map<string, unknown>()
  return {
    get: <T>(key: string) => entries.get(key) as T | undefined,
    set: (key, value) => {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > SHARED_CACHE_ENTRIES) entries.delete(entries.keys().next().value!)
    },
    del: (key) => {
      entries.delete(key)
    },
    flushAll: () => {}, // one session's end must not empty the others'
  }
}

const shared = {
  msgRetryCounterCache: boundedCache(),
  callOfferCache: boundedCache(),
  placeholderResendCache: boundedCache(),
} satisfies Partial<SocketConfig>

export interface SocketOptions {
  host: DriverHost
  auth: AuthState
  repository: JournaledRepository
  pipeline: ReceivePipeline
  notices: Notices
  /** Undefined: the real WhatsApp. */
  url: string | undefined
  log: Logger
}

export function openSocket({ host, auth, repository, pipeline, notices, url, log }: SocketOptions): WASocket {
  const socket = makeWASocket({
    ...(url ? { waWebSocketUrl: url } : {}),
    auth: { creds: auth.creds, keys: auth.keys },
    logger: quietLogger(log),
    makeSignalRepository: repository.make,
    userDevicesCache: auth.devices,
    ...shared,
    // A write of our store waits until it is durable and never rejects.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 1 },
    keepAliveIntervalMs: KEEP_ALIVE_MS,
    defaultQueryTimeoutMs: QUERY_TIMEOUT_MS,
    markOnlineOnConnect: false,
    emitOwnEvents: false,
    syncFullHistory: false,
    shouldSyncHistoryMessage: () => false,
    // 85 kB a session; resends read what was sent from the database.
    enableRecentMessageCache: false,
    cachedGroupMetadata: (group) => lookUpGroup(socket, group),
    getMessage: async ({ id, remoteJid }) => {
      const sent = id ? await host.sent(id) : undefined
      return sent && writtenFor(sent, { chat: remoteJid ?? '', me: auth.person }).proto
    },
  })
  keepContactTokens(socket, auth.keys)
  const loggedIn = whenLoggedIn(socket)
  takeMessagesInOrder(socket, { repository, pipeline, log }, loggedIn)
  takeAcks(socket, host, auth)
  storeBeforeAnswering(socket.ws, auth)
  socket.ws.on('CB:notification', (stanza: BinaryNode) =>
    forgetOtherList(stanza, auth.devices, (person) => findPerson(host.store, person)),
  )
  notices.hold(socket, loggedIn)
  holdReceipts(socket.ws, async (receipt) => {
    const read = readElsewhere(receipt, auth.person)
    if (!read) return host.statuses(statusesOfReceipt(receipt))
    await pipeline.taken() // what was read is on its way to the database, and comes before
    await host.store.write({ chats: [read] })
  })
  keepFacts(socket, host)
  return socket
}

/** Never settles when the login fails. */
function whenLoggedIn(socket: WASocket): Promise<Contact> {
  return new Promise((resolve) => {
    socket.ev.on('connection.update', ({ connection }) => {
      if (connection === 'open') resolve(socket.user!)
    })
  })
}

/**
 * Messages are taken in the order of their coming: each stanza waits for the one before. Baileys by itself has two queues,
 * so that a live message overtakes those that waited off line, and lets the second message of a new contact overtake the
 * first, which waits for the contact's address to be stored. So all go the way of the live ones; the mark of those
 * that waited has been noted before, and Baileys uses it for nothing else that we use. What Baileys had not dealt with when
 * an earlier connection ended goes first.
 */
function takeMessagesInOrder(
  { ws, upsertMessage }: WASocket,
  { repository, pipeline, log }: Pick<SocketOptions, 'repository' | 'pipeline' | 'log'>,
  loggedIn: Promise<Contact>,
): void {
  const handOver = takeListeners(ws, 'CB:message')
  const take = async (stanza: BinaryNode): Promise<void> => {
    await failpoint('receive.seen')
    await handOver(stanza)
    await failpoint('receive.receipted')
    if (ws.isOpen) pipeline.handled(stanza.attrs)
  }
  const replayed = pipeline.replay(loggedIn, async (message) => {
    await upsertMessage(message, 'append').catch(() => {})
    return ws.isOpen
  })
  let last: Promise<unknown> = replayed.catch((error) =>
    log.warn({ err: error }, 'a protocol message could not be read'),
  )
  ws.on('CB:message', (stanza: BinaryNode) => {
    repository.note(stanza)
    const { offline: _, ...attrs } = stanza.attrs
    last = last.then(() => take({ ...stanza, attrs })).catch(() => {}) // Baileys reports its own errors
  })
}

/** What the phone's settings and its address book say. */
function keepFacts({ ev }: WASocket, { store }: DriverHost): void {
  ev.on('chats.update', (updates) => {
    const chats = factsOfChats(updates)
    if (chats.length > 0) void store.write({ chats }, { lazy: true })
  })
  const keepContacts = (contacts: Partial<Contact>[]) => {
    const people = factsOfContacts(contacts)
    if (people.length > 0) void store.write({ people }, { lazy: true })
  }
  ev.on('contacts.upsert', keepContacts)
  ev.on('contacts.update', keepContacts)
}

/** What the server says of our messages. */
function takeAcks({ ws }: WASocket, host: DriverHost, auth: AuthState): void {
  ws.on('CB:ack,class:message', async (ack: BinaryNode) => {
    await failpoint('send.acked')
    const { error, from } = ack.attrs
    if (error && isJidGroup(from)) await giveKeyAgain(auth.keys, from!)
    await host.statuses([statusOfAck(ack)])
    await failpoint('send.ack-stored')
  })
}
