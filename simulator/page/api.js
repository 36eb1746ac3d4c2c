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
const chatPath = (number, chat) => `${phonePath(number)}/chats/${encodeURIComponent(chat)}`

export const api = {
  phones: () => request('GET', '/v1/phones'),
  createPhone: (name, number) => request('POST', '/v1/phones', { name, number }),
  groups: () => request('GET', '/v1/groups'),
  createGroup: (subject, members) => request('POST', '/v1/groups', { subject, members }),
  scan: (number, qr) => request('POST', `${phonePath(number)}/scan`, { qr }),
  typeCode: (number, code) => request('POST', `${phonePath(number)}/pairing-code`, { code }),
  send: (number, to, message) => request('POST', `${phonePath(number)}/messages`, { to, ...message }),
  chats: (number) => request('GET', `${phonePath(number)}/chats`),
  messages: (number, chat) => request('GET', `${chatPath(number, chat)}/messages`),
  mediaPath: (number, chat, id) => `${chatPath(number, chat)}/messages/${encodeURIComponent(id)}/media`,
  read: (number, chat) => request('POST', `${chatPath(number, chat)}/read`, {}),
  presence: (number) => request('GET', `${phonePath(number)}/presence`),
  act: (number, chat, activity) => request('POST', `${phonePath(number)}/activity`, { chat, activity }),
  devices: () => request('GET', '/v1/devices'),
  waiting: () => request('GET', '/v1/waiting'),
  force: (number, device, condition) => request('POST', `/v1/devices/${number}/${device}/force`, { condition }),
  connections: () => request('GET', '/v1/connections?latest=200'),
  disturbances: () => request('GET', '/v1/disturbances'),
  disturb: (plan) => request('POST', '/v1/disturbances', plan),
  removeDisturbance: (id) => request('DELETE', `/v1/disturbances/${id}`),
  clearDisturbances: () => request('DELETE', '/v1/disturbances'),
  faults: () => request('GET', '/v1/faults'),
  clearFaults: () => request('DELETE', '/v1/faults'),
  stats: () => request('GET', '/v1/stats'),
  /** Null while there is none. */
  load: async () => (await request('GET', '/v1/load')).load,
  startLoad: (plan) => request('POST', '/v1/load', plan),
  stopLoad: () => request('DELETE', '/v1/load'),
}

/**
 * Calls `changed` with each event, and `connected` with whether they come.
 * @param {(event: {type: string}) => void} changed
 * @param {(isConnected: boolean) => void} connected
 */
export function listen(changed, connected) {
  const source = new EventSource('/v1/events')
  for (const type of ['phone', 'group', 'chat', 'device', 'connection', 'fault', 'disturbance', 'presence']) {
    source.addEventListener(type, (event) => changed(JSON.parse(event.data)))
  }
  source.onopen = () => connected(true)
  source.onerror = () => connected(false)
}
