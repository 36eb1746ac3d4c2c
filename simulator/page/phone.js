// One phone: its linked devices, its chats, and one conversation.
import { conversation } from './conversation.js'
import { openDisturb } from './disturbances.js'
import { element, formatNumber, formatTime } from './elements.js'
import { openLink } from './link.js'

export function phoneView(state) {
  const phone = state.phones.find(({ number }) => number === state.number)
  const link = element('button', { onclick: () => openLink(state) }, 'Link a device')
  link.dataset.key = 'link'
  return element(
    'div',
    { className: `phone ${state.chat ? 'in-chat' : ''}` },
    element(
      'header',
      {},
      element('a', { className: 'back', href: '#', ariaLabel: 'All phones' }, '‹'),
      element('h1', {}, phone.name),
      element('small', {}, formatNumber(phone.number)),
      link,
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
  const disturb = element('button', { className: 'quiet', onclick: () => openDisturb(device) }, 'Disturb…')
  disturb.dataset.key = `disturb ${device.device}`
  return element(
    'li',
    {},
    element('span', { className: device.online ? 'dot online' : 'dot' }),
    element('strong', {}, device.platform),
    element('small', {}, `device ${device.device} · ${device.online ? 'on line' : 'off line'} · ${queued} waiting`),
    disturb,
  )
}

function chatsView(state) {
  const rows = state.chats.map((chat) => chatRow(state, chat))
  return element('section', { className: 'chats', ariaLabel: 'Chats' }, newChat(state), element('ul', {}, ...rows))
}

function chatRow(state, { chat, name, lastAt, lastDirection, lastText, unread }) {
  return element(
    'li',
    {},
    element(
      'a',
      { href: `#phone/${state.number}/${chat}`, ariaCurrent: chat === state.chat ? 'page' : null },
      element('span', { className: 'name' }, name ?? formatNumber(chat)),
      element('time', {}, formatTime(lastAt)),
      element('small', {}, `${lastDirection === 'out' ? 'You: ' : ''}${lastText}`),
      unread > 0 && element('span', { className: 'unread', ariaLabel: `${unread} unread` }, String(unread)),
    ),
  )
}

/** Writes to another phone, a number that isn't known here, or a group that the phone is in. */
function newChat(state) {
  const to = element('input', { name: 'to', required: true, placeholder: 'Number or group', autocomplete: 'off' })
  to.setAttribute('list', 'known-chats')
  to.setAttribute('aria-label', 'Number or group to write to')
  to.dataset.draft = 'to'
  const others = state.phones.filter(({ number }) => number !== state.number)
  const groups = state.groups.filter(({ members }) => members.includes(state.number))
  const known = [
    ...others.map(({ number, name }) => element('option', { value: number }, name)),
    ...groups.map(({ id, subject }) => element('option', { value: id }, subject)),
  ]
  const form = element('form', { className: 'new-chat' }, to, element('datalist', { id: 'known-chats' }, ...known))
  form.append(element('button', {}, 'Write'))
  form.onsubmit = (event) => {
    event.preventDefault()
    const chat = to.value.endsWith('@g.us') ? to.value : to.value.replace(/\D/g, '')
    location.hash = `#phone/${state.number}/${chat}`
  }
  return form
}

function emptyConversation() {
  return element(
    'section',
    { className: 'conversation empty' },
    element('p', { className: 'quiet' }, 'Choose a chat, or write to somebody.'),
  )
}
