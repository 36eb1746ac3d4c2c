// One conversation of a phone: messages of every kind with what became of them, and the field to write in.
import { api } from './api.js'
import { element, formatNumber, formatTime } from './elements.js'

const STATUS = { sent: '✓', delivered: '✓✓', read: '✓✓ read', received: '' }

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
      group && element('small', {}, group.members.map(nameOf).join(', ')),
      unread > 0 && read,
    ),
    element('ol', { className: 'messages' }, ...state.messages.map((message) => messageRow(message, state))),
    composer(state),
  )
}

const nameIn = (state) => (number) =>
  state.phones.find((phone) => phone.number === number)?.name ?? formatNumber(number)

function messageRow(message, state) {
  const nameOf = nameIn(state)
  const { direction, sender, text, deleted, edited, reactions = [] } = message
  const answered = message.replyTo && state.messages.find(({ id }) => id === message.replyTo)
  const status = direction === 'out' ? STATUS[message.status] : ''
  return element(
    'li',
    { className: direction },
    direction === 'in' && sender && element('small', { className: 'sender' }, nameOf(sender)),
    answered && element('blockquote', {}, answered.text),
    deleted ? element('p', { className: 'quiet' }, 'Deleted') : element('p', {}, text),
    message.media ? fileOf(message, state) : inside(message, nameOf),
    reactions.length > 0 &&
      element(
        'small',
        { className: 'reactions', title: reactions.map(({ number }) => nameOf(number)).join(', ') },
        reactions.map(({ emoji }) => emoji).join(' '),
      ),
    element('small', { title: message.id }, `${edited ? 'edited · ' : ''}${formatTime(message.at)} ${status}`),
  )
}

/** What a message holds besides its text. */
function inside({ poll, location, contact }, nameOf) {
  if (poll) {
    const options = poll.options.map(({ name, voters }) =>
      element('li', { title: voters.map(nameOf).join(', ') }, name, element('strong', {}, String(voters.length))),
    )
    return element('ul', { className: 'poll' }, ...options)
  }
  if (location) return element('p', { className: 'quiet' }, `${location.latitude}, ${location.longitude}`)
  if (contact) return element('p', { className: 'quiet' }, 'Contact card')
  return undefined
}

/** A picture as it is, any other file to be saved. */
function fileOf({ id, kind, media }, { number, chat }) {
  const href = api.mediaPath(number, chat, id)
  const name = [media.fileName, media.mimetype].filter(Boolean).join(' · ')
  const isPicture = kind === 'image' || kind === 'sticker'
  const shown = isPicture ? element('img', { src: href, alt: name, loading: 'lazy' }) : name
  return element('a', { className: 'file', href, download: media.fileName ?? id }, shown)
}

function composer(state) {
  const text = element('input', { name: 'text', required: true, placeholder: 'Write a message', autocomplete: 'off' })
  text.setAttribute('aria-label', 'Message')
  text.dataset.draft = `text ${state.number} ${state.chat}`
  const problem = element('p', { className: 'error', role: 'alert' })
  const form = element('form', { className: 'composer' }, text, element('button', {}, 'Send'), problem)
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
