// A load: thousands of phones and people who write to them, and how it goes.
import { api } from './api.js'
import { element, onSubmit, pageView } from './elements.js'

const METERS = {
  written: 'written by people',
  sent: 'sent to devices',
  delivered: 'delivered by devices',
  submitted: 'submitted by devices',
  received: 'received by phones',
}
const FIELDS = [
  ['accounts', 'Accounts to link', 100, 1],
  ['contacts', 'People who write', 50, 1],
  ['perMinute', 'Messages per account and minute', 6, 'any'],
  ['groupShare', 'Share written in groups, 0 to 1', 0.1, 'any'],
  ['rampSeconds', 'Seconds to the full rate', 30, 1],
]

export function loadView({ load, stats }) {
  return pageView(
    'Load',
    element('p', {}, 'Phones whose accounts programs link (POST /v1/load/scan), and people who write to them.'),
    ...(load ? running(load, stats) : [startForm()]),
  )
}

function running(load, stats) {
  const figures = [
    ['phones', load.phones],
    ['linked', `${load.linked} of ${load.plan.accounts}`],
    ['on line', load.online],
    ['median to receipt', load.deliveryMs.p50 === null ? '–' : `${load.deliveryMs.p50} ms`],
    ['p99 to receipt', load.deliveryMs.p99 === null ? '–' : `${load.deliveryMs.p99} ms`],
    ['simulator’s memory', `${Math.round(stats.process.rss / 2 ** 20)} MB`],
    ['skipped', load.skipped],
    ['failed', load.failed],
  ]
  const cards = figures.map(([label, value]) =>
    element('li', {}, element('strong', {}, String(value)), element('small', {}, label)),
  )
  const rows = Object.entries(METERS).map(([name, label]) =>
    element(
      'tr',
      {},
      element('td', {}, label),
      element('td', {}, String(load.totals[name])),
      element('td', {}, `${load.perSecond[name].toFixed(1)} / s`),
    ),
  )
  const stop = element('button', { className: 'quiet', onclick: () => api.stopLoad() }, 'Stop')
  return [element('ul', { className: 'figures' }, ...cards), element('table', {}, ...rows), stop]
}

function startForm() {
  const fields = FIELDS.map(([name, label, value, step]) => {
    const input = element('input', { name, type: 'number', min: 0, step, value, required: true })
    input.dataset.draft = `load ${name}`
    return element('label', {}, label, input)
  })
  const form = element(
    'form',
    { className: 'plan' },
    ...fields,
    element('button', {}, 'Start'),
    element('p', { className: 'error', role: 'alert' }),
  )
  onSubmit(form, (elements) =>
    api.startLoad(Object.fromEntries(FIELDS.map(([name]) => [name, Number(elements[name].value)]))),
  )
  return form
}
