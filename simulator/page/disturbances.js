// Trouble for devices: what a click brings about now, what it plans for the next stanza, and the list of what is planned.
import { api } from './api.js'
import { element, formatNumber, onSubmit, pageView } from './elements.js'

const CONDITIONS = [
  ['drop', 'Cut the connection'],
  ['silent', 'Go silent (half-open)'],
  ['503', 'Service unavailable (503)'],
  ['515', 'Restart required (515)'],
  ['replaced', 'Replaced by another (440)'],
  ['logout', 'Remove the device (401)'],
]

const toDevice = { direction: 'to-device', tag: 'message' }
const fromDevice = { direction: 'from-device', tag: 'message' }
const login = { direction: 'from-device', tag: 'login' }
const PRESETS = [
  ['Lose a message to it', toDevice, { kind: 'lose' }],
  ['Deliver a message twice', toDevice, { kind: 'duplicate' }],
  ['Swap two messages', toDevice, { kind: 'reorder' }],
  ['Hold messages for 10 s', toDevice, { kind: 'delay', ms: 10_000 }],
  ['Damage a frame', toDevice, { kind: 'corrupt' }],
  ['Refuse its message (463)', fromDevice, { kind: 'refuse', code: '463' }],
  ['Refuse its message (479)', fromDevice, { kind: 'refuse', code: '479' }],
  ['Lose its message', fromDevice, { kind: 'lose' }],
  ['Answer no query', { direction: 'from-device', tag: 'iq' }, { kind: 'lose' }],
  ['503 at its login', login, { kind: 'end', condition: '503' }],
  ['Ban it for an hour, at its login', login, { kind: 'refuse', code: '402', seconds: 3600 }],
  ['Lock it, at its login (403)', login, { kind: 'refuse', code: '403' }],
  ['Deliver in batches of 10', login, { kind: 'batches', size: 10, pauseMs: 2000 }],
]

/** @param {{number: string, device: number, platform: string}} device */
export function openDisturb(device) {
  const dialog = document.getElementById('disturb-dialog')
  const problem = dialog.querySelector('.error')
  const choice = (label, act) => {
    const onclick = () =>
      act().then(
        () => dialog.close(),
        (error) => (problem.textContent = error.message),
      )
    return element('button', { type: 'button', className: 'quiet', onclick }, label)
  }
  const { number, device: id } = device
  problem.textContent = ''
  document.getElementById('disturb-title').textContent = `${device.platform}, device ${id} of ${formatNumber(number)}`
  document
    .getElementById('conditions')
    .replaceChildren(...CONDITIONS.map(([condition, label]) => choice(label, () => api.force(number, id, condition))))
  document
    .getElementById('presets')
    .replaceChildren(
      ...PRESETS.map(([label, match, action]) =>
        choice(label, () => api.disturb({ match: { ...match, number, device: id }, action })),
      ),
    )
  dialog.showModal()
}

export function disturbancesView({ disturbances }) {
  const rows = disturbances.map((each) => {
    const limit = each.count === null ? 'times so far' : `of ${each.count}`
    const remove = element('button', { className: 'quiet', onclick: () => api.removeDisturbance(each.id) }, 'Remove')
    remove.dataset.key = `remove ${each.id}`
    return element(
      'tr',
      { className: each.count !== null && each.used >= each.count ? 'over' : '' },
      element('td', {}, element('strong', {}, describeAction(each.action))),
      element('td', {}, describeMatch(each.match), element('small', { className: 'who' }, describeChance(each))),
      element('td', {}, `${each.used} ${limit}`),
      element('td', {}, remove),
    )
  })
  return pageView(
    'Disturbances',
    element(
      'p',
      {},
      'Trouble that waits for the next stanza that fits. Choose “Disturb…” at a device, or write one here.',
    ),
    rows.length
      ? element('div', { className: 'scroll' }, element('table', {}, ...rows))
      : element('p', { className: 'quiet' }, 'Nothing is planned.'),
    rows.length > 0 && element('button', { className: 'quiet', onclick: () => api.clearDisturbances() }, 'Remove all'),
    planForm(),
  )
}

function planForm() {
  const example = { match: toDevice, action: { kind: 'delay', ms: 2000 }, count: 3, probability: 0.5, seed: 1 }
  const plan = element('textarea', {
    name: 'plan',
    rows: 14,
    spellcheck: false,
    value: JSON.stringify(example, null, 2),
  })
  plan.dataset.draft = 'plan'
  const form = element(
    'form',
    { className: 'plan' },
    element('label', {}, 'A plan, as POST /v1/disturbances takes it', plan),
    element('button', {}, 'Plan'),
    element('p', { className: 'error', role: 'alert' }),
  )
  onSubmit(form, () => api.disturb(JSON.parse(plan.value)))
  return form
}

function describeAction(action) {
  const { kind } = action
  if (kind === 'delay') return `delay ${action.ms} ms`
  if (kind === 'refuse') return `refuse ${action.code}`
  if (kind === 'end') return `end: ${action.condition}`
  if (kind === 'batches') return `batches of ${action.size}, ${action.pauseMs} ms apart`
  return kind
}

function describeMatch({ direction, number, device, tag, type }) {
  const who = number ? `${formatNumber(number)}${device ? ` device ${device}` : ''}` : 'any device'
  return `${tag ?? 'anything'}${type ? ` (${type})` : ''} ${direction === 'to-device' ? 'to' : 'from'} ${who}`
}

function describeChance({ matched, skip, probability, seed }) {
  const chance = probability === 1 ? '' : ` · ${probability * 100} % by seed ${seed}`
  return `${matched} fitted${skip ? ` · the first ${skip} pass` : ''}${chance}`
}
