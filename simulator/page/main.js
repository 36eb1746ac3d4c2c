// The page: phones on the left, what one of them shows on the right, and views of the whole server. State is read from the
// API after each event. Addresses: #phone/NUMBER, #phone/NUMBER/CHAT, #connections, #disturbances, #faults, #load, and
// #scan=QR-TEXT (a tool's deep link into "Link a device").
import { api, listen } from './api.js'
import { connectionsView } from './connections.js'
import { disturbancesView } from './disturbances.js'
import { element, onSubmit } from './elements.js'
import { faultsView } from './faults.js'
import { openLink, prepareDialogs } from './link.js'
import { loadView } from './load.js'
import { phoneView } from './phone.js'
import { drawPhones, drawWaiting } from './phones.js'

const $ = (id) => document.getElementById(id)
/** Between two readings, and how much longer than the reading itself: a load changes something all the time. */
const REST_MS = 150
const REST_TIMES = 4
/** A load's figures change without an event. */
const FIGURES_MS = 1000

/** What is shown, and what else each view reads. */
const VIEWS = {
  connections: { draw: connectionsView, read: async () => ({ connections: await api.connections() }) },
  disturbances: { draw: disturbancesView, read: async () => ({}) },
  faults: { draw: faultsView, read: async () => ({}) },
  load: {
    draw: loadView,
    read: async () => {
      const [load, stats] = await Promise.all([api.load(), api.stats()])
      return { load, stats }
    },
  },
}
let state = { phones: [], groups: [], devices: [], waiting: [], faults: [], disturbances: [], number: '', chat: '' }
/** What the right side shows, as text: it's drawn anew only when that changes. */
let drawn = ''

/** Reads everything that the page shows, and draws it. One run at a time: changes meanwhile cause another one. */
let running = false
let again = false
async function refresh() {
  if (running) {
    again = true
    return
  }
  running = true
  do {
    again = false
    const startedAt = performance.now()
    await read().then(draw, (error) => {
      $('live').textContent = error.message
    })
    const rest = Math.max(REST_MS, REST_TIMES * (performance.now() - startedAt))
    if (again) await new Promise((resolve) => setTimeout(resolve, rest))
  } while (again)
  running = false
}

async function read() {
  const { number, chat, view } = readAddress()
  const [phones, groups, devices, waiting, faults, disturbances, more] = await Promise.all([
    api.phones(),
    api.groups(),
    api.devices(),
    api.waiting(),
    api.faults(),
    api.disturbances(),
    VIEWS[view]?.read(),
  ])
  const known = phones.some((phone) => phone.number === number)
  const isPerson = phones.some((phone) => phone.number === chat)
  const [chats, messages, presence] = await Promise.all([
    known ? api.chats(number) : [],
    known && chat ? api.messages(number, chat) : [],
    isPerson ? api.presence(chat) : undefined,
  ])
  const shown = { number: known ? number : '', chat, view, chats, messages, presence }
  state = { phones, groups, devices, waiting, faults, disturbances, ...more, ...shown }
}

function readAddress() {
  const [, number = '', chat = ''] = /^#phone\/(\d+)(?:\/(\d+(?:@g\.us)?))?$/.exec(location.hash) ?? []
  return { number, chat, view: location.hash.slice(1) }
}

function draw() {
  drawPhones(state)
  drawWaiting(state)
  drawTabs()
  document.body.dataset.detail = state.number || VIEWS[state.view] ? 'open' : ''
  const { waiting: _, ...shown } = state
  const now = JSON.stringify(shown)
  if (now === drawn) return
  drawn = now
  const view = VIEWS[state.view]?.draw(state) ?? (state.number ? phoneView(state) : welcome())
  keepPlace($('view'), () => $('view').replaceChildren(view))
}

function drawTabs() {
  const planned = state.disturbances.filter(({ count, used }) => count === null || used < count).length
  const counts = { '#faults': state.faults.length, '#disturbances': planned }
  for (const tab of $('tabs').children) {
    const target = tab.getAttribute('href')
    const isCurrent = VIEWS[state.view] ? target === `#${state.view}` : target === '#phones'
    tab.ariaCurrent = isCurrent ? 'page' : null
    tab.dataset.count = counts[target] || ''
  }
}

/** What is being typed, and where the keyboard is, survives a new drawing. */
function keepPlace(parent, redraw) {
  const keyOf = (each) => each?.dataset.draft ?? each?.dataset.key ?? each?.getAttribute('href')
  const fields = () => [...parent.querySelectorAll('[data-draft]')]
  const drafts = new Map(fields().map((field) => [field.dataset.draft, field.value]))
  const focused = parent.contains(document.activeElement) ? keyOf(document.activeElement) : undefined
  redraw()
  for (const field of fields()) {
    if (drafts.has(field.dataset.draft)) field.value = drafts.get(field.dataset.draft)
  }
  if (focused)
    [...parent.querySelectorAll('[data-draft], [data-key], a')].find((each) => keyOf(each) === focused)?.focus()
  const list = parent.querySelector('.messages')
  if (list) list.scrollTop = list.scrollHeight
}

function welcome() {
  const start = state.phones.length ? 'Choose a phone on the left.' : 'Add a phone on the left to begin.'
  return element(
    'section',
    { className: 'page' },
    element('h1', {}, 'WhatsApp simulator'),
    element(
      'p',
      {},
      `${start} A phone is a simulated person: others can write to it, and devices can be linked to its account.`,
    ),
  )
}

onSubmit($('new-phone'), async ({ name, number }) => {
  await api.createPhone(name.value, number.value)
  location.hash = `#phone/${number.value}`
  $('new-phone').reset()
  $('add').open = false
})
onSubmit($('new-group'), async ({ subject, members }) => {
  const numbers = [...members.selectedOptions].map(({ value }) => value)
  const { id } = await api.createGroup(subject.value, numbers)
  location.hash = `#phone/${numbers[0]}/${id}`
  $('new-group').reset()
  $('add').open = false
})
$('phone-filter').oninput = () => drawPhones(state)
prepareDialogs()

async function followAddress() {
  const qr = /^#scan=(.*)$/.exec(location.hash)?.[1]
  await refresh()
  if (qr === undefined) return
  // The code holds a secret: it doesn't stay in the address.
  history.replaceState(null, '', '#')
  openLink(state, decodeURIComponent(qr))
}

addEventListener('hashchange', followAddress)
setInterval(() => state.view === 'load' && void refresh(), FIGURES_MS)
listen(refresh, (isConnected) => {
  $('live').textContent = isConnected ? '' : 'The simulator is not reachable. Trying again…'
  if (isConnected) void refresh()
})
await followAddress()
