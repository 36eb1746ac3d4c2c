/**
 * Watches: the changes of a resource as lines of JSON, until the client or the time limit ends them. A watch from a
 * version brings everything after it; without one (or from 0) it starts with what is there.
 */
import type { ServerResponse } from 'node:http'
import type { ApiError } from './api-error.ts'
import type { Change } from './history.ts'
import type { Json, KubeObject } from './object.ts'
import { requestMatcher } from './reading.ts'
import type { Registry } from './registry.ts'
import { representObject, table, wantedForm } from './representation.ts'
import { type ApiRequest, queryNumber, type Target } from './request.ts'
import { apiVersionOf, storageKey } from './resource.ts'
import type { Store } from './store.ts'

const BOOKMARK_MS = 60_000
const DEFAULT_TIMEOUT_S = 1800
const MAX_TIMEOUT_S = 24 * 60 * 60

/** A client that reads this slowly is cut off and lists again. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024

/** Answers a watch; returns when it is set up. Throws what must be answered before the stream starts. */
export function watchObjects(
  store: Store,
  registry: Registry,
  request: ApiRequest,
  target: Target,
  response: ServerResponse,
): void {
  const { query } = request
  const { resource, namespace } = target
  const key = storageKey(resource)
  const matches = requestMatcher(query, resource)
  const isVisible = (object: KubeObject) => (!namespace || object.metadata.namespace === namespace) && matches(object)
  const since = queryNumber(query, 'resourceVersion') ?? 0
  const sendsInitial =
    query.get('sendInitialEvents') === 'true' || (since === 0 && query.get('sendInitialEvents') !== 'false')
  const timeout = Math.min(queryNumber(query, 'timeoutSeconds') || DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S)
  const form = wantedForm(request.accept)
  let hasColumns = false

  if (since > store.version) store.history.check(since, store.version)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.flushHeaders()

  const send = (type: string, object: Json) => {
    // Ended but not closed: the client still reads what it was sent before, or stands still.
    if (response.writableEnded || response.destroyed) return
    response.write(`${JSON.stringify({ type, object })}\n`)
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy()
  }
  const represent = (object: KubeObject): Json => {
    if (form !== 'Table') return representObject(object, resource, form, query)
    const row = table([object], resource, query, { resourceVersion: object.metadata.resourceVersion }, !hasColumns)
    hasColumns = true
    return row
  }
  const sendChange = (change: Change) => {
    const event = visibleEvent(change, isVisible)
    if (event) send(event, represent(change.object))
  }
  const sendBookmark = (isInitialEnd = false) => {
    if (query.get('allowWatchBookmarks') !== 'true') return
    const annotations = { 'k8s.io/initial-events-end': 'true' }
    send('BOOKMARK', {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(store.version), ...(isInitialEnd ? { annotations } : {}) },
    })
  }

  if (sendsInitial) {
    for (const object of store.list(key, namespace).filter(isVisible)) send('ADDED', represent(object))
    if (query.get('sendInitialEvents') === 'true') sendBookmark(true)
  } else if (since > 0) {
    try {
      store.history.check(since, store.version)
    } catch (error) {
      send('ERROR', (error as ApiError).toStatus())
      response.end()
      return
    }
    for (const change of store.history.since(since, key)) sendChange(change)
  }

  const unsubscribe = store.history.subscribe(key, sendChange)
  const stopListening = registry.onRemoval((removed) => removed === key && response.end())
  const bookmarks = setInterval(() => sendBookmark(), BOOKMARK_MS)
  const end = setTimeout(() => {
    sendBookmark()
    response.end()
  }, timeout * 1000)
  response.once('close', () => {
    unsubscribe()
    stopListening()
    clearInterval(bookmarks)
    clearTimeout(end)
  })
}

/** What a change is to somebody who sees only some objects: an object may enter or leave the view by changing. */
function visibleEvent(change: Change, isVisible: (object: KubeObject) => boolean): Change['type'] | undefined {
  const was = change.previous !== undefined && isVisible(change.previous)
  const is = isVisible(change.object)
  if (change.type === 'DELETED') return was || is ? 'DELETED' : undefined
  if (is) return was ? 'MODIFIED' : 'ADDED'
  return was ? 'DELETED' : undefined
}
