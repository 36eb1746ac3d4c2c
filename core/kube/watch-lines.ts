/** Takes the stream of a watch apart: one JSON object a line. */
import { isStatus, KubeError } from './error.ts'

export interface WatchEvent<T> {
  /** Of a BOOKMARK only the resource version counts: everything up to it has been sent. */
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  object: T
}

const TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'])

/** Well above etcd's limit for an object (1.5 MB). */
const MAX_LINE_LENGTH = 32 * 1024 * 1024

/** The stream held something else than watch events; what it meant to say is lost. */
export class WatchFormatError extends Error {
  override readonly name = 'WatchFormatError'
}

/**
 * The events of a watch; ends where the stream ends. Half a line at the end is dropped: the connection was cut. An ERROR
 * event is thrown as a KubeError, anything unreadable as a WatchFormatError.
 */
export async function* readWatchEvents<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent<T>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_LENGTH) throw new WatchFormatError('a line of the watch has no end')
    for (const line of lines) if (line) yield parseEvent<T>(line)
  }
}

function parseEvent<T>(line: string): WatchEvent<T> {
  const event = parseJson(line) as WatchEvent<T> | { type: 'ERROR'; object: unknown } | undefined
  if (event?.type === 'ERROR' && isStatus(event.object)) {
    throw KubeError.fromAnswer('watch', event.object.code ?? 500, event.object)
  }
  if (event && TYPES.has(event.type) && typeof event.object === 'object' && event.object !== null) {
    return event as WatchEvent<T>
  }
  throw new WatchFormatError(`not a watch event: ${line.slice(0, 200)}`)
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
