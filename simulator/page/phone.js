// One phone: its linked devices, its chats, and one conversation.
import { api } from './api.js'
import { element, formatNumber, formatTime } from './elements.js'

const CONDITIONS = {
  drop: 'Cut the connection',
  logout: 'Log out (remove device)',
  replaced: 'Replaced by another (440)',
  503: 'Service unavailable (503)',
  515: 'Restart required (515)',
  silent: 'Go silent',
}
const STATUS = { sent: '✓', delivered: '✓✓', read: '✓✓ read', received: '' }

/** @param {() => void} openScan */
export function phoneView(state, openScan) {
  const phone = state.phones.find(({ number }) => number === state.number)
  return element(
    'div',
    { className: `phone ${state.chat ? 'in-chat' : ''}` },
    element(
      'header',
      {},
      element('a', { className: 'back', href: '#', ariaLabel: 'All phones' }, '‹'),
      element('h1', {}, phone.name),
      element('small', {}, formatNumber(phone.number)),
      element('button', { onclick: () => openScan() }, 'Link a device'),
    ),
    devicesView(state),
    element('div', { className: 'columns' }, chatsView(state), state.chat ? conversation(state) : emptyConversation()),
  )
}

function devicesView(state) {
  const devices = state.devices.filter(({ number }) => number === state.number)
  return element('ul', { className: 'devices' }, ...devices.map(deviceView))
}

function deviceView(device) {
  const { message, receipt, notification } = device.queued
  const queued = message + receipt + notification
  const force = element('select', { ariaLabel: `Force a condition on ${device.platform}`, onchange: forceChosen })
  force.append(element('option', { value: '' }, 'Force…'))
  for (const [value, label] of Object.entries(CONDITIONS)) force.append(element('option', { value }, label))
  async function forceChosen() {
    const condition = force.value
    force.value = ''
    if (condition) await api.force(device.number, device.device, condition).catch((error) => alert(error.message))
  }
  return element(
    'li',
    {},
    element('span', { className: device.online ? 'dot online' : 'dot' }),
    element('strong', {}, device.platform),
    element('small', {}, `device ${device.device} · ${device.online ? 'on line' : 'off line'} · ${queued} waiting`),
    force,
  )
}

function chatsView(state) {
  const rows = state.chats.map((chat) =>
    element(
      'li',
      {},
      element(
        'a',
        { href: `#phone/${state.number}/${chat.chat}`, ariaCurrent: chat.chat === state.chat ? 'page' : null },
        element('span', { className: 'name' }, chat.name ?? formatNumber(chat.chat)),
        element('time', {}, formatTime(chat.lastAt)),
        element('small', {}, `${chat.lastDirection === 'out' ? 'You: ' : ''}${chat.lastText}`),
        chat.unread > 0 &&
          element('span', { className: 'unread', ariaLabel: `${chat.unread} unread` }, String(chat.unread)),
      ),
    ),
  )
  const others = state.phones.filter(({ number }) => number !== state.number)
  const to = element('input', {
    name: 'to',
    required: true,
    inputMode: 'numeric',
    placeholder: 'Number',
    autocomplete: 'off',
  })
  to.setAttribute('list', 'known-numbers')
  to.setAttribute('aria-label', 'Number to write to')
  to.dataset.draft = 'to'
  const known = others.map(({ number, name }) => element('option', { value: number }, name))
  const form = element('form', { className: 'new-chat' }, to, element('datalist', { id: 'known-numbers' }, ...known))
  form.append(element('button', {}, 'Write'))
  form.onsubmit = (event) => {
    event.preventDefault()
    location.hash = `#phone/${state.number}/${to.value.replace(/\D/g, '')}`
  }
  return element('section', { className: 'chats', ariaLabel: 'Chats' }, form, element('ul', {}, ...rows))
}

function emptyConversation() {
  return element(
    'section',
    { className: 'conversation empty' },
    element('p', { className: 'quiet' }, 'Choose a chat, or write to a number.'),
  )
}

function conversation(state) {
  const nameOf = (number) => state.phones.find((phone) => phone.number === number)?.name ?? formatNumber(number)
  const name = state.chats.find(({ chat }) => chat === state.chat)?.name ?? nameOf(state.chat)
  const unread = state.messages.filter(({ status }) => status === 'received').length
  const rows = state.messages.map((message) =>
    element(
      'li',
      { className: message.direction },
      message.direction === 'in' && message.sender && element('small', {}, nameOf(message.sender)),
      element('p', {}, message.text),
      element(
        'small',
        { title: message.id },
        `${formatTime(message.at)} ${message.direction === 'out' ? STATUS[message.status] : ''}`,
      ),
    ),
  )
  return element(
    'section',
    { className: 'conversation', ariaLabel: 'Conversation' },
    element(
      'header',
      {},
      element('a', { className: 'back', href: `#phone/${state.number}`, ariaLabel: 'All chats' }, '‹'),
      element('h2', {}, name),
      unread > 0 &&
        element(
          'button',
          { className: 'quiet', onclick: () => api.read(state.number, state.chat) },
          `Mark ${unread} as read`,
        ),
    ),
    element('ol', { className: 'messages' }, ...rows),
    composer(state),
  )
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
      await api.send(state.number, state.chat, value)
    } catch (error) {
      text.value = value
      problem.textContent = error.message
    }
  }
  return form
}
