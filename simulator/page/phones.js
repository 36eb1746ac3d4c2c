// The left side: all phones, those of them that a search finds, and the programs that wait to be linked.
import { element, formatNumber, formatTime } from './elements.js'
import { openLink } from './link.js'

/** More than this nobody reads through: a search finds the others. */
const SHOWN = 200

export function drawPhones(state) {
  const filter = document.getElementById('phone-filter')
  filter.hidden = state.phones.length <= 10
  const wanted = filter.value.trim().toLowerCase()
  const found = state.phones.filter(
    ({ name, number }) => name.toLowerCase().includes(wanted) || number.includes(wanted),
  )
  const rows = found.slice(0, SHOWN).map((phone) => phoneRow(phone, state))
  if (found.length > SHOWN)
    rows.push(element('li', { className: 'more' }, `${found.length - SHOWN} more: search for them`))
  const list = document.getElementById('phone-list')
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute('href') : undefined
  list.replaceChildren(...rows)
  if (focused) list.querySelector(`[href="${focused}"]`)?.focus()
  drawMembers(state)
}

function phoneRow(phone, state) {
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
}

/** Whom a new group can have. What is chosen already stays so. */
function drawMembers({ phones }) {
  const members = document.getElementById('new-group').elements.members
  if (members.options.length === Math.min(phones.length, SHOWN)) return
  const chosen = new Set([...members.selectedOptions].map(({ value }) => value))
  const options = phones.slice(0, SHOWN).map(({ number, name }) => {
    return element('option', { value: number, selected: chosen.has(number) }, `${name} (${formatNumber(number)})`)
  })
  members.replaceChildren(...options)
}

/** Programs that show a code now. The server knows their references, but not the secret inside a QR code. */
export function drawWaiting(state) {
  const section = document.getElementById('waiting')
  const cards = state.waiting.map((each) => {
    const shows = each.codeFor ? `a code for ${formatNumber(each.codeFor)}` : 'a QR code'
    return element(
      'li',
      {},
      element('strong', {}, each.platform),
      element('small', {}, `${shows}, since ${formatTime(each.since)}`),
      element('button', { className: 'quiet', onclick: () => openLink(state, '', each.codeFor ?? undefined) }, 'Link…'),
    )
  })
  section.hidden = cards.length === 0
  section.replaceChildren(element('h3', {}, 'Waiting to be linked'), element('ul', { className: 'cards' }, ...cards))
}
