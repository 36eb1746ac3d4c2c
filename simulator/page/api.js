// The control API, as the page uses it.

/** @returns {Promise<any>} @throws Error with a message for people */
async function request(method, path, body) {
  const init = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(path, { method, ...init })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error.message)
  return answer
}

const phonePath = (number) => `/v1/phones/${encodeURIComponent(number)}`

export const api = {
  phones: () => request('GET', '/v1/phones'),
  createPhone: (name, number) => request('POST', '/v1/phones', { name, number }),
  scan: (number, qr) => request('POST', `${phonePath(number)}/scan`, { qr }),
  send: (number, to, text) => request('POST', `${phonePath(number)}/messages`, { to, text }),
  chats: (number) => request('GET', `${phonePath(number)}/chats`),
  messages: (number, chat) => request('GET', `${phonePath(number)}/chats/${encodeURIComponent(chat)}/messages`),
  read: (number, chat) => request('POST', `${phonePath(number)}/chats/${encodeURIComponent(chat)}/read`, {}),
  devices: () => request('GET', '/v1/devices'),
  waiting: () => request('GET', '/v1/waiting'),
  force: (number, device, condition) => request('POST', `/v1/devices/${number}/${device}/force`, { condition }),
  faults: () => request('GET', '/v1/faults'),
  clearFaults: () => request('DELETE', '/v1/faults'),
}

/**
 * Calls `changed` with each event, and `connected` with whether they come.
 * @param {(event: {type: string}) => void} changed
 * @param {(isConnected: boolean) => void} connected
 */
export function listen(changed, connected) {
  const source = new EventSource('/v1/events')
  for (const type of ['phone', 'group', 'chat', 'device', 'connection', 'fault']) {
    source.addEventListener(type, (event) => changed(JSON.parse(event.data)))
  }
  source.onopen = () => connected(true)
  source.onerror = () => connected(false)
}
