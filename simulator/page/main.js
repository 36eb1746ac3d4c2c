// The page: phones on the left, what one of them shows on the right. State is read from the API after each event.
// Addresses: #phone/NUMBER, #phone/NUMBER/CHAT, #faults, #scan=QR-TEXT (a tool's deep link into "Link a device").
import { api, listen } from './api.js'
import { element, formatNumber, formatTime } from './elements.js'
import { faultsView } from './faults.js'
import { phoneView } from './phone.js'

const $ = (id) => document.getElementById(id)
const state = { phones: [], devices: [], waiting: [], faults: [], chats: [], messages: [], number: '', chat: '' }

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
    // At most one reading per picture, however many events come.
    await new Promise(requestAnimationFrame)
    await read().then(draw, (error) => {
      $('live').textContent = error.message
    })
  } while (again)
  running = false
}

async function read() {
  const { number, chat } = readAddress()
  const [phones, devices, waiting, faults] = await Promise.all([
    api.phones(),
    api.devices(),
    api.waiting(),
    api.faults(),
  ])
  const known = phones.some((phone) => phone.number === number)
  const [chats, messages] = await Promise.all([
    known ? api.chats(number) : [],
    known && chat ? api.messages(number, chat) : [],
  ])
  Object.assign(state, { phones, devices, waiting, faults, chats, messages, number: known ? number : '', chat })
}

function readAddress() {
  const [, number = '', chat = ''] = /^#phone\/(\d+)(?:\/(\d+(?:@g\.us)?))?$/.exec(location.hash) ?? []
  return { number, chat }
}

function draw() {
  drawPhones()
  drawWaiting()
  const link = $('faults-link')
  link.hidden = state.faults.length === 0
  link.textContent = `${state.faults.length} fault${state.faults.length === 1 ? '' : 's'}`
  document.body.dataset.detail = location.hash.startsWith('#phone') || location.hash === '#faults' ? 'open' : ''
  const view =
    location.hash === '#faults' ? faultsView(state.faults) : state.number ? phoneView(state, openScan) : welcome()
  keepDraft($('phone'), () => $('phone').replaceChildren(view))
}

/** What is being typed survives a new drawing. */
function keepDraft(parent, redraw) {
  const fields = () => [...parent.querySelectorAll('[data-draft]')]
  const drafts = new Map(fields().map((field) => [field.dataset.draft, field.value]))
  const focused = parent.contains(document.activeElement) ? document.activeElement?.dataset.draft : undefined
  redraw()
  for (const field of fields()) {
    if (drafts.has(field.dataset.draft)) field.value = drafts.get(field.dataset.draft)
    if (field.dataset.draft === focused) field.focus()
  }
  const list = parent.querySelector('.messages')
  if (list) list.scrollTop = list.scrollHeight
}

function drawPhones() {
  const rows = state.phones.map((phone) => {
    const devices = state.devices.filter((device) => device.number === phone.number)
    const online = devices.filter((device) => device.online).length
    const linked = devices.length ? ` · ${online} of ${devices.length} on line` : ''
    return element(
      'li',
      {},
      element(
        'a',
        { href: `#phone/${phone.number}`, ariaCurrent: phone.number === state.number ? 'page' : null },
        element('span', { className: 'avatar', ariaHidden: 'true' }, phone.name.slice(0, 1).toUpperCase()),
        element('span', { className: 'name' }, phone.name),
        element('small', {}, formatNumber(phone.number) + linked),
      ),
    )
  })
  $('phone-list').replaceChildren(...rows)
}

function welcome() {
  const start = state.phones.length ? 'Choose a phone on the left.' : 'Add a phone to begin.'
  return element(
    'section',
    { className: 'welcome' },
    element('h1', {}, 'WhatsApp simulator'),
    element(
      'p',
      {},
      `${start} A phone is a simulated person: others can write to it, and devices can be linked to its account.`,
    ),
  )
}

/** Sessions that show a QR code now. The server knows their references, but not the secret inside the code. */
function drawWaiting() {
  const cards = state.waiting.map((each) =>
    element(
      'li',
      {},
      element('strong', {}, each.platform),
      element('small', {}, `since ${formatTime(each.since)}`),
      element('button', { className: 'quiet', onclick: () => openScan() }, 'Link…'),
    ),
  )
  $('waiting').hidden = cards.length === 0
  $('waiting').replaceChildren(
    element('h3', {}, 'Sessions waiting for a scan'),
    element('ul', { className: 'cards' }, ...cards),
  )
}

/** @param {string} [qr] */
function openScan(qr = '') {
  const form = $('scan')
  const options = state.phones.map(({ number, name }) => {
    return element('option', { value: number }, `${name} (${formatNumber(number)})`)
  })
  form.elements.number.replaceChildren(...options)
  if (state.number) form.elements.number.value = state.number
  form.elements.qr.value = qr
  form.querySelector('.error').textContent = ''
  if (!$('scan-dialog').open) $('scan-dialog').showModal()
}

/** Runs a form's action; what goes wrong is said in the form. */
function onSubmit(form, action) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const message = form.querySelector('.error')
    message.textContent = ''
    const button = form.querySelector('button:not([type=button])')
    button.disabled = true
    try {
      await action(form.elements)
    } catch (error) {
      message.textContent = error.message
    }
    button.disabled = false
  })
}

onSubmit($('new-phone'), async ({ name, number }) => {
  await api.createPhone(name.value, number.value)
  location.hash = `#phone/${number.value}`
  $('new-phone').reset()
})
onSubmit($('scan'), async ({ number, qr }) => {
  await api.scan(number.value, qr.value)
  $('scan-dialog').close()
  location.hash = `#phone/${number.value}`
})
$('scan-cancel').onclick = () => $('scan-dialog').close()

async function followAddress() {
  const qr = /^#scan=(.*)$/.exec(location.hash)?.[1]
  await refresh()
  if (qr === undefined) return
  // The code holds a secret: it doesn't stay in the address.
  history.replaceState(null, '', '#')
  openScan(decodeURIComponent(qr))
}

addEventListener('hashchange', followAddress)
listen(refresh, (isConnected) => {
  $('live').textContent = isConnected ? '' : 'The simulator is not reachable. Trying again…'
  if (isConnected) void refresh()
})
await followAddress()
