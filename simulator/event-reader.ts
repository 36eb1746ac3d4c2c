// Reads the simulator's event stream.
import type { NetworkEvent } from './whatsapp/network.ts'

/** What changes from now on, until the signal aborts or the simulator ends. @param url of the stream */
export async function* readEvents(url: string, signal?: AbortSignal): AsyncGenerator<NetworkEvent> {
  const response = await fetch(url, signal ? { signal } : {})
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const messages = text.split('\n\n')
    text = messages.pop()!
    for (const message of messages) {
      const data = message.split('\n').find((line) => line.startsWith('data: '))
      if (data) yield JSON.parse(data.slice(6)) as NetworkEvent
    }
  }
}
