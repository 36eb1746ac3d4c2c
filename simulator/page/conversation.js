// One conversation of a phone: who is there, the messages, and the field to write in.
import { api } from './api.js'
import { element, nameIn } from './elements.js'
import { messageRow } from './message.js'

/** How often it's told that somebody types on. */
const TYPING_MS = 5000

export function conversation(state) {
  const nameOf = nameIn(state)
  const group = state.groups.find(({ id }) => id === state.chat)
  const unread = state.messages.filter(({ status }) => status === 'received').length
  const read = element(
    'button',
    { className: 'quiet', onclick: () => api.read(state.number, state.chat) },
    `Mark ${unread} as read`,
  )
  read.dataset.key = 'read'
  return element(
    'section',
    { className: 'conversation', ariaLabel: 'Conversation' },
    element(
      'header',
      {},
      element('a', { className: 'back', href: `#phone/${state.number}`, ariaLabel: 'All chats' }, '‹'),
      element('h2', {}, group?.subject ?? nameOf(state.chat)),
      element('small', {}, group ? group.members.map(nameOf).join(', ') : presenceOf(state)),
      unread > 0 && read,
    ),
    element('ol', { className: 'messages' }, ...state.messages.map((message) => messageRow(message, state))),
    composer(state),
  )
}

/** What the other side shows of itself. */
function presenceOf({ presence, number }) {
  if (!presence) return ''
  const here = presence.activities.find(({ chat }) => chat === number)
  if (here) return here.activity === 'recording' ? 'recording…' : 'typing…'
  return presence.online ? 'on line' : ''
}

function composer(state) {
  const text = element('input', { name: 'text', required: true, placeholder: 'Write a message', autocomplete: 'off' })
  text.setAttribute('aria-label', 'Message')
  text.dataset.draft = `text ${state.number} ${state.chat}`
  const problem = element('p', { className: 'error', role: 'alert' })
  const form = element('form', { className: 'composer' }, text, element('button', {}, 'Send'), problem)
  let toldAt = 0
  text.oninput = () => {
    if (Date.now() - toldAt < TYPING_MS) return
    toldAt = Date.now()
    void api.act(state.number, state.chat, 'composing').catch(() => {})
  }
  form.onsubmit = async (event) => {
    event.preventDefault()
    const value = text.value
    text.value = ''
    try {
      await api.send(state.number, state.chat, { text: value })
    } catch (error) {
      text.value = value
      problem.textContent = error.message
    }
  }
  return form
}
