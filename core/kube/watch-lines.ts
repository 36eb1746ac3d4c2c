/** Takes the stream of a watch apart: one JSON object a line. */

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  /** Only `metadata.resourceVersion` is set: everything up to it has been sent. */
  | { type: 'BOOKMARK'; object: T }
  | { type: 'ERROR'; object: unknown }

const TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

/** Well above etcd's limit for an object (1.5 MB). */
const MAX_LINE_LENGTH = 32 * 1024 * 1024

/** The stream held something else than watch events; what it meant to say is lost. */
export class WatchFormatError extends Error {
  override readonly name = 'WatchFormatError'
}

/** The events of a watch; ends where the stream ends. Half a line at the end is dropped: the connection was cut. */
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
  try {
    const event = JSON.parse(line) as WatchEvent<T>
    if (TYPES.has(event.type) && typeof event.object === 'object' && event.object !== null) return event
  } catch {
    // Falls through to the error below, which shows the line.
  }
  throw new WatchFormatError(`not a watch event: ${line.slice(0, 200)}`)
}
