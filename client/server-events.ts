/** Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */

export interface ServerEvent {
  id?: string
  event: string
  /** As JSON says it. */
  data: unknown
}

/** The events of a stream, until it ends. */
export async function* serverEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  const decoder = new TextDecoder()
  let unread = ''
  for await (const chunk of body) {
    const blocks = (unread + decoder.decode(chunk, { stream: true })).split('\n\n')
    unread = blocks.pop()!
    for (const block of blocks) {
      const event = eventOf(block)
      if (event) yield event
    }
  }
}

/** undefined: a comment, which only keeps the connection open. */
function eventOf(block: string): ServerEvent | undefined {
  const event: ServerEvent = { event: 'message', data: undefined }
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]+): ?(.*)$/.exec(line) ?? []
    if (field === 'event') event.event = value
    else if (field === 'id') event.id = value
    else if (field === 'data') data.push(value)
  }
  return data.length > 0 ? { ...event, data: JSON.parse(data.join('\n')) } : undefined
}
